"""Many articles to a Parquet dataset: any number of them, on one machine or many, going on where an earlier run stopped.

``run.score`` is the entrance; the modules are the stages of the flow: reading (``readers``, ``child``), what is done already
(``index``) and with what (``description``), portions of work (``units``), tagging and writing (``work``, ``tables``), engines (``local``,
``ray``), and what comes at the end (``finish``, ``summary``, ``exports``, ``overview``).
"""
