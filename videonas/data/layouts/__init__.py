"""How people keep labelled videos: one module a layout, all of which give the same `Sources`.

`recognise.find_sources` tells the layouts apart.
"""
