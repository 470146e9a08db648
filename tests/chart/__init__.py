"""The chart, the images and the tools around them, without a cluster."""
