"""The two networks that were found and released.

Source: the strings in `evanet/run_evanet.py` in google-research, decoded by the field numbers of
`inception_cell_spec.proto`; the lists for RGB and for optical flow hold the same two networks. The
paper does not name them: they are in the order of the lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from videonas.spaces.evanet.architecture import Branch, ConvKind, EvaNetArchitecture, Module

_ONE = Branch("conv1x1")


def _pool(time: int) -> Branch:
    return Branch("pool_conv", time=time)


def _conv(kind: ConvKind, time: int) -> Branch:
    return Branch("conv", kind, time)


def _two(kind: ConvKind, time: int, kind2: ConvKind, time2: int) -> Branch:
    return Branch("conv_conv", kind, time, kind2, time2)


EVANET1 = EvaNetArchitecture(
    (
        Module((_conv("3d", 1), _pool(7)), 2),
        Module((_pool(3), _ONE, _conv("3d", 1), _ONE, _conv("3d", 5)), 4),
        Module((_pool(7), _ONE, _conv("itgm", 11), _pool(11)), 5),
        Module((_pool(11), _conv("3d", 1), _conv("itgm", 3)), 3),
    ),
    pool_times=(1, 1, 9),
)

EVANET2 = EvaNetArchitecture(
    (
        Module((_pool(1), _pool(3), _two("itgm", 1, "2plus1d", 9), _pool(1), _ONE), 2),
        Module(
            (
                _pool(1), _pool(7), _two("2plus1d", 5, "3d", 1), _two("itgm", 1, "2plus1d", 11),
                _ONE, _two("2plus1d", 11, "3d", 1),
            ),
            3,
        ),
        Module((_pool(5), _ONE, _pool(9)), 5),
        Module((_conv("2plus1d", 1), _pool(5)), 4),
    ),
    pool_times=(1, 3, 9),
)

PRESETS: Mapping[str, EvaNetArchitecture] = {"evanet1": EVANET1, "evanet2": EVANET2}
"""By name."""
