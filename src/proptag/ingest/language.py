"""In which language a text is."""

import functools
from typing import Any

from proptag.config import IngestConfig
from proptag.ingest.problems import Unreadable, optional

_LETTERS = 60  # shorter texts cannot be told reliably
_SURE = 0.7  # on lines of 60 to 200 characters of English news, one in 9,700 is taken for another language at this probability
_PART = 500  # characters that are looked at, at the beginning and in the middle


def check_language(text: str, config: IngestConfig) -> str:
    """Return the text's language as an ISO 639-1 code, empty if it is not told.

    Texts that are too short or uncertain pass; ``Unreadable`` for one in a language that is not wanted.
    """
    wanted = [code.strip() for code in config.languages.split(",")]
    if "any" in wanted:
        return ""
    language = detect(text)
    if language and language not in wanted and config.other_languages == "skip":
        raise Unreadable("language", f"in the language {language!r}; ingest.languages is {config.languages}")
    return language


def detect(text: str) -> str:
    """Return the ISO 639-1 code of the language, empty if the text is too short or it is uncertain."""
    sample = text if len(text) <= 2 * _PART else text[:_PART] + text[len(text) // 2 :][:_PART]
    if sum(map(str.isalpha, sample)) < _LETTERS:
        return ""
    language, probability = _identifier().classify(sample)
    return language if probability >= _SURE else ""


@functools.lru_cache(1)
def _identifier() -> Any:  # noqa: ANN401
    langid = optional("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    # Only languages with a code of two letters: the others are small ones close to a large one, such as Nigerian Pidgin to English.
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    return identifier
