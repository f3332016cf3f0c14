"""Files of any kind that newsrooms have, to articles."""

from proptag.ingest.files import find
from proptag.ingest.formats import SUFFIXES
from proptag.ingest.problems import Problem
from proptag.ingest.reader import from_text, read, read_all, read_standard_input
from proptag.ingest.text import decode

__all__ = ["SUFFIXES", "Problem", "decode", "find", "from_text", "read", "read_all", "read_standard_input"]
