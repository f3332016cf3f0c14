"""Commands: settings from the command line, messages for people, exit codes.

0 means that all of the work was done, 1 that some of it failed, 2 that the command was called wrongly.
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from proptag import settings
from proptag.config import PredictConfig
from proptag.errors import SettingsError, UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

Config = TypeVar("Config")
_INTERRUPTED = 130  # the exit code of shells


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``proptag`` command: ``scripts/predict.py`` without the repository and without Hydra."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or set(arguments) & {"-h", "--help"}:
        print("proptag: tag propaganda techniques in a text\n\nproptag model=FOLDER input=FILE [format=html output=FILE]\n")
        print(settings.usage(PredictConfig))
        return 0 if arguments else 2
    if "--version" in arguments:
        import proptag

        print(f"proptag {proptag.__version__}")
        return 0
    return guarded(lambda: predict(settings.build(PredictConfig, plain_settings(arguments))))


def plain_settings(arguments: Sequence[str], required: Sequence[str] = ()) -> dict[str, str]:
    """Read ``setting=value`` arguments; ``SettingsError`` names those of another form and the required ones that are missing."""
    given = {key: value for key, _, value in (argument.partition("=") for argument in arguments)}
    wrong = [f"{argument}: not of the form setting=value" for argument in arguments if "=" not in argument]
    wrong += [f"{name}: needs a value" for name in required if not given.get(name)]
    if wrong:
        raise SettingsError(wrong)
    return given


def guarded(work: Callable[[], Any]) -> int:
    """Do the work and return the exit code; a ``UserError`` is told in words, without a stack trace."""
    try:
        work()
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}" if "\n" not in str(error) else f"errors:\n{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}".replace("error: : ", "error: "), file=sys.stderr)
        return 1
    return 0


def script(work: Callable[[Any], Any], cls: type[Config], name: str) -> None:
    """Compose ``configs/<name>.yaml`` with the command line by Hydra, check it, do the work, and exit.

    Every wrong setting is named at once. Hydra's own flags (``--help``, ``--cfg job``, ``--multirun``) work as usual; a job of a sweep
    that fails does not keep the others from running, and the exit code is the highest of all.
    """
    folder = Path(sys.argv[0]).resolve().parent
    # scripts/evaluate.py would otherwise stand in for the evaluate library.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != folder]
    import hydra
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store(name=f"{name}_schema", node=settings.defaults(cls))
    configs = folder.parent / "configs"
    if not any(argument.startswith("-") for argument in sys.argv[1:]):  # with flags, Hydra speaks for itself
        sys.argv[1:] = [_quoted(argument, cls) for argument in sys.argv[1:]]
        if problems := _problems(cls, configs, name, sys.argv[1:]):
            raise SystemExit(guarded(lambda: _refuse(problems)))

    codes = []

    @hydra.main(version_base="1.3", config_path=str(configs), config_name=name)
    def run(composed: "DictConfig") -> None:
        """Check the composed settings and do the work."""
        from omegaconf import OmegaConf

        values: Any = OmegaConf.to_container(composed, resolve=True)
        codes.append(guarded(lambda: work(settings.build(cls, values))))
        if codes[-1] == _INTERRUPTED:
            raise SystemExit(_INTERRUPTED)

    run()
    if any(codes):
        raise SystemExit(max(codes))


def _refuse(problems: list[str]) -> None:
    raise SettingsError(problems)


def _quoted(argument: str, cls: type) -> str:
    """Quote the value of a text setting, so that commas, brackets and apostrophes in it are no Hydra syntax."""
    key, equals, value = argument.partition("=")
    found = settings.leaves(cls).get(key)
    if not equals or found is None or found.type not in (str, str | None) or value == "null":
        return argument
    # Backslashes count only before a quotation mark, before ${ and at the end.
    escaped = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", escaped)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f"{key}='{escaped}'"


def _problems(cls: type[Config], configs: Path, name: str, overrides: list[str]) -> list[str]:
    """List everything that is wrong with the settings; empty if all is well."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    problems, good = [], []
    groups = {item.name for item in fields(cls) if is_dataclass(item.type)} | {"experiment"}  # type: ignore[arg-type]
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        for override in overrides:
            key = override.partition("=")[0].lstrip("+~")
            if key not in settings.leaves(cls) and key not in groups and not key.startswith("hydra"):
                problems.append(settings.unknown_setting(cls, key) if "=" in override else f"{override}: not of the form setting=value")
                continue
            try:
                compose(name, [override])
                good.append(override)
            except (HydraException, OmegaConfBaseException) as error:
                problems.append(_in_words(key, override, error, configs))
        values: Any = OmegaConf.to_container(compose(name, good), resolve=False)
    given = {override.partition("=")[0] for override in overrides}
    try:
        settings.build(cls, values)
    except SettingsError as error:
        # A setting that was given wrongly is named already; that it is missing now is no news.
        problems += [p for p in error.problems if not (p.partition(":")[0] in given and "needs a value" in p)]
    return problems


def _in_words(key: str, override: str, error: Exception, configs: Path) -> str:
    value = override.partition("=")[2]
    if (configs / key).is_dir():
        return f"{key}: there is no {value!r}; choose one of {', '.join(sorted(p.stem for p in (configs / key).glob('*.yaml')))}"
    return f"{key}: {str(error).strip().splitlines()[0]}"


def predict(config: PredictConfig) -> None:
    """Tag one text, or the articles of a submission, and print or write the result.

    ``SettingsError`` unless there is exactly one input, and files of articles for a submission.
    """
    if (config.input is None) == (config.text is None):
        raise SettingsError(["give either input=FILE (- for standard input) or text='…'" + (", not both" if config.input else "")])
    submission = config.format.startswith("semeval2020")
    if submission and config.input in (None, "-"):
        raise SettingsError([f"format={config.format} needs input=FOLDER with files article<ID>.txt, or one such file"])
    from proptag.predict import Tagger, read_input
    from proptag.report import FORMATS
    from proptag.report.submission import fill_fragments, read_articles

    articles = read_articles(Path(config.input or "")) if submission else [read_input(config.input, config.text)]
    tagger = Tagger.load(config.model, config.device)
    if config.fragments:
        _write_rows(fill_fragments(Path(config.fragments), articles, tagger), config)
        return
    results = list(tagger.tag_many(articles))
    text = "".join(FORMATS[config.format](tagged, article) for tagged, article in zip(results, articles, strict=True))
    if config.output is None:
        print(text, end="")
        return
    from proptag.manifest import write_text

    write_text(Path(config.output), text)
    sentences = [sentence for tagged in results for sentence in tagged.sentences]
    found = f"{sum(bool(s.techniques) for s in sentences)} of {len(sentences)} sentences with a technique"
    print(f"{config.output}: {found}" + (f", in {len(articles)} articles" if submission else ""))


def _write_rows(rows: str, config: PredictConfig) -> None:
    if config.output is None:
        print(rows, end="")
        return
    from proptag.manifest import write_text

    write_text(Path(config.output), rows)
    print(f"{config.output}: {rows.count(chr(10))} fragments with their labels")
