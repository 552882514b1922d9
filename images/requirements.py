"""Prints what setup.cfg asks for, one requirement a line, so that versions stand there alone.

Usage: python requirements.py SETUP_CFG [EXTRA]     without an extra, what the base install needs
"""

from __future__ import annotations

import configparser
import sys


def requirements(path: str, extra: str | None = None) -> list[str]:
    """The requirements of the base install, or those that an extra adds.

    Args:
        path: of setup.cfg.
        extra: its name; None for the base install.
    """
    config = configparser.ConfigParser(interpolation=None)
    config.read(path)
    if extra is None:
        text = config["options"]["install_requires"]
    else:
        text = config["options.extras_require"][extra]
    return text.strip().splitlines()


if __name__ == "__main__":
    print("\n".join(requirements(*sys.argv[1:])))
