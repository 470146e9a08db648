"""How a run is shown: text in 80 columns. Pure: takes what `analysis` found, returns lines."""
