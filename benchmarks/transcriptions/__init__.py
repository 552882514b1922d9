"""Published networks written down plainly, to compare this project's builders with."""
