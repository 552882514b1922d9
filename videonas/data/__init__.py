"""From labelled videos to shards: finding, splitting, decoding, writing and reading clips.

`prepare.prepare_dataset` does all of it. Only `shards` needs TensorFlow, and only `decoding` and
`demo` need PyAV, so this package itself imports neither.
"""
