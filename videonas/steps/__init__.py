"""One module a step: the function that the component and the command line both call.

Steps are idempotent: what exists is returned, never drawn, measured or trained again. Only
`start` takes settings; the others take a search root, a generation and names.
"""
