"""One import name for the project's packages, which lie beside this folder: a link to each.

Their places are given (`src/server`, `src/client`), and that many top-level names would meet
others: a folder `lab` or a file `settings.py` in the user's working folder. Everything imports
`long_lived.server`, nothing `server`; images and the wheel hold only this name. The links in `data`
bring scenarios, chart and Go sources into the wheel: see `long_lived.settings.places`.
"""
