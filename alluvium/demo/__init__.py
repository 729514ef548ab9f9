"""The demo's landing zone: a year of real shopping and invented people over it, as files day by day.

Nothing in the pipeline imports this room, and nothing here imports the pipeline.
`land.land()` is the door; every other module makes one source or one thing that sources share.
"""
