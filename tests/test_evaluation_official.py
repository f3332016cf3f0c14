"""The official tasks on small corpora in the published layouts, made from the project's own seed articles."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from conftest import run_script
from proptag import Tagger, taxonomy
from proptag.config import CorpusConfig, EvaluateConfig, PredictConfig
from proptag.corpora.seeds import read
from proptag.errors import SettingsError, UserError
from proptag.evaluation import evaluate
from proptag.evaluation.submissions import NOT_ASKED
from proptag.labels import LabelSet, marked
from proptag.predict import Ranking, best_labels
from proptag.records import Article, Sentence, TaggedArticle, TaggedSentence, TaggedSpan
from proptag.report import submission
from proptag.segment import lines
from proptag.settings import build

ROWS = {"si": "{id}\t{start}\t{end}", "flc": "{id}\t{label}\t{start}\t{end}", "tc": "{id}\t{label}\t{start}\t{end}"}


def rows_of(articles, corpus, task):
    labels = LabelSet.of(corpus)
    rows = (
        ROWS[task].format(id=article.id, label=labels.by_technique[span.technique], start=span.start, end=span.end)
        for article in articles
        for span in article.spans
        if span.technique in labels.by_technique
    )
    return list(dict.fromkeys(rows))


@pytest.fixture(scope="module")
def articles(seeds):
    """Eight seed articles with ids of digits; one begins with a byte order mark, which offsets count."""
    found = [replace(article, id=str(1000 + number)) for number, article in enumerate(list(read(seeds))[:8])]
    first = found[0]
    shifted = tuple(replace(span, start=span.start + 1, end=span.end + 1) for span in first.spans)
    return [replace(first, text="\ufeff" + first.text, spans=shifted), *found[1:]]


def write_articles(folder, articles):
    folder.mkdir(parents=True)
    for article in articles:
        (folder / f"article{article.id}.txt").write_text(article.text, encoding="utf-8", newline="\n")


def write_rows(path, rows):
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def semeval2020(articles, tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus") / "semeval2020"
    write_articles(root / "train-articles", articles)
    write_rows(root / "train-task-flc-tc.labels", rows_of(articles, "semeval2020", "flc"))
    return root


def numbered_lines(article):
    return [(article.text.count("\n", 0, start) + 1, start, end) for start, end in lines(article.text)]


def line_techniques(article, start, end):
    return {span.technique for span in article.spans if article.text[max(start, span.start) : min(end, span.end)].strip()}


@pytest.fixture(scope="module")
def nlp4if2019(articles, tmp_path_factory):
    """Line labels that call every line propaganda, unlike the spans; blank lines are labelled as well."""
    root = tmp_path_factory.mktemp("corpus") / "nlp4if2019"
    write_articles(root / "train-articles", articles)
    (root / "train-labels-FLC").mkdir()
    (root / "train-labels-SLC").mkdir()
    for article in articles:
        write_rows(root / "train-labels-FLC" / f"article{article.id}.task-FLC.labels", rows_of([article], "nlp4if2019", "flc"))
        classes = ["propaganda" if line.strip() else "non-propaganda" for line in article.text.split("\n")]
        rows = [f"{article.id}\t{number}\t{name}" for number, name in enumerate(classes, 1)]
        write_rows(root / "train-labels-SLC" / f"article{article.id}.task-SLC.labels", rows)
    return root


def paragraph_rows(articles):
    known = LabelSet.of("semeval2023").by_technique
    for article in articles:
        for number, start, end in numbered_lines(article):
            yield f"{article.id}\t{number}\t{','.join(sorted(line_techniques(article, start, end) & set(known)))}"


@pytest.fixture(scope="module")
def semeval2023(articles, tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus") / "semeval2023"
    write_articles(root / "train-articles-subtask-3", articles)
    write_rows(root / "train-labels-subtask-3.txt", paragraph_rows(articles))
    return root


@pytest.fixture(scope="module")
def tagger(model):
    return Tagger.load(model)


def run(task, corpus, output, **settings):
    return evaluate(EvaluateConfig(output=str(output), task=task, corpus=CorpusConfig(corpus.name, str(corpus)), bootstrap=20, **settings))


def figures_only(found):
    return {key: found[key] for key in ("summary", "intervals", "techniques") if key in found}


@pytest.mark.parametrize(("task", "format_"), [("flc", "semeval2020"), ("si", "semeval2020-si")])
def test_a_models_submission_scores_as_the_model_does(task, format_, semeval2020, tagger, articles, tmp_path):
    path = tmp_path / "submission.tsv"
    done = run_script("predict", f"model={tagger.name}", f"input={semeval2020 / 'train-articles'}", f"format={format_}", f"output={path}")
    assert done.returncode == 0, done.stderr
    assert "in 8 articles" in done.stdout
    common = ("corpus=semeval2020", f"corpus.path={semeval2020}", f"task={task}", "bootstrap=20")
    done = run_script("evaluate", f"submission={path}", f"output={tmp_path / 'file'}", *common)
    assert done.returncode == 0, done.stderr
    from_model = run(task, semeval2020, tmp_path / "model", model=tagger.name)
    from_file = json.loads((tmp_path / "file" / "metrics.json").read_text(encoding="utf-8"))
    assert figures_only(from_file) == figures_only(from_model)
    assert 0 < from_model["summary"]["f1"] < 1
    assert from_model["articles"] == 8
    # The rows are those of tagging the text as it is in the file, byte order mark and all.
    tagged = tagger.tag(articles[0])
    expected = (
        marked(tagged, LabelSet.of("semeval2020")) if task == "si" else [(s.start, s.end) for s in LabelSet.of("semeval2020").found(tagged)]
    )
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(int(row[-2]), int(row[-1])) for row in rows if row[0] == articles[0].id] == expected


@pytest.mark.parametrize("task", ["si", "flc", "tc"])
def test_the_gold_itself_scores_one(task, semeval2020, articles, tmp_path):
    path = write_rows(tmp_path / "gold.tsv", reversed(rows_of(articles, "semeval2020", task)))
    found = run(task, semeval2020, tmp_path / "out", submission=str(path))
    assert found["summary"]["micro_f1" if task == "tc" else "f1"] == pytest.approx(1)
    assert found["notes"] == {}
    assert all(row["f1"] == pytest.approx(1) for row in found.get("techniques", {}).values())


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("flc", lambda rows: [*rows[:2], rows[2].replace("\t", " ", 1)], "gold.tsv:3: needs id, technique, start, end"),
        ("flc", lambda rows: [rows[0], "1000\tDout\t3\t9"], "gold.tsv:2: unknown technique 'Dout' (did you mean Doubt?)"),
        ("flc", lambda rows: [*rows[:4], "77\tDoubt\t3\t9"], "gold.tsv:5: there is no article '77'"),
        ("flc", lambda _: ["1000\tDoubt\tthree\t9"], "gold.tsv:1: 'three' is not a whole number"),
        ("si", lambda _: ["1000\t9\t3"], "gold.tsv:1: the span 9:3 ends before it begins"),
        ("tc", lambda rows: rows[1:], "each needs one row"),
        ("tc", lambda rows: [*rows[:-1], "1000\tDoubt\t3\t4"], "article 1000: 1 row(s) more for 3:4"),
        ("tc", lambda rows: ["1000\tAppeal_to_Pity\t3\t4", *rows[1:]], "gold.tsv:1: unknown technique 'Appeal_to_Pity'"),
    ],
)
def test_a_wrong_row_is_named(task, change, message, semeval2020, articles, tmp_path):
    path = write_rows(tmp_path / "gold.tsv", change(rows_of(articles, "semeval2020", task)))
    with pytest.raises(UserError) as caught:
        run(task, semeval2020, tmp_path / "out", submission=str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_submission_is_said(semeval2020, tmp_path):
    done = run_script(
        "evaluate",
        f"submission={tmp_path / 'none'}",
        "task=si",
        "corpus=semeval2020",
        f"corpus.path={semeval2020}",
        f"output={tmp_path / 'o'}",
    )
    assert (done.returncode, done.stderr.strip()) == (1, f"error: {tmp_path / 'none'}: no such file or folder")


def test_fragments_are_classified_by_tokens_and_sentences(tagger, articles):
    article, labels = articles[0], LabelSet.of("semeval2020")
    (first, second) = tagger.segment(article.text)[1:3]
    fragment = (first[0] + 4, second[0] + 9)  # crosses the end of a sentence
    ranking = tagger.classify(article, [fragment], labels)[0]
    assert sorted(name for name, _ in ranking.labels) == sorted(labels.names)
    assert [p for _, p in ranking.labels] == sorted((p for _, p in ranking.labels), reverse=True)
    readings = tagger.read([article.text[start:end] for start, end in (first, second)])
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    sentences = np.mean([logit(tagger.calibration.sentence_probabilities(r.logits)) for r in readings], axis=0)
    tokens = [
        logit(tagger.calibration.token_probabilities(row))
        for (start, _), r in zip((first, second), readings, strict=True)
        for row, (left, right) in zip(r.token_logits, r.offsets, strict=True)
        if left < right and any(fragment[0] <= start + i < fragment[1] for i in range(left, right))
    ]
    p = dict(zip(taxonomy.load().names, 1 / (1 + np.exp(-(sentences + 2 * np.mean(tokens, axis=0)) / 3))[1:], strict=True))
    found = dict(ranking.labels)
    assert found["Doubt"] == pytest.approx(p["Doubt"])
    merged = 1 - (1 - p["Appeal_to_Popularity"]) * (1 - p["Guilt_by_Association"])
    assert found["Bandwagon,Reductio_ad_hitlerum"] == pytest.approx(merged)


def test_a_fragment_beyond_what_the_model_reads_is_judged_by_its_sentence_and_counted(tagger):
    article = Article("1", "word " * (tagger.max_length + 20))
    beyond, white = tagger.classify(article, [(len(article.text) - 6, len(article.text) - 2), (4, 5)], LabelSet.of("canonical"))
    assert beyond.truncated
    p = tagger.calibration.sentence_probabilities(tagger.read([article.text.strip()])[0].logits)
    assert dict(beyond.labels) == pytest.approx(dict(zip(taxonomy.load().names, p[1:], strict=True)))
    assert all(0 <= value <= 1 for _, value in white.labels)


def test_a_fragment_listed_twice_gets_its_two_best_labels():
    rankings = {(0, 5): Ranking((("A", 0.9), ("B", 0.8), ("C", 0.1)), truncated=False), (0, 4): Ranking((("C", 1.0),), truncated=False)}
    found = best_labels([(0, 5), (0, 4), (0, 5)], rankings)
    assert [(s.start, s.end, s.technique) for s in found] == [(0, 5, "A"), (0, 4, "C"), (0, 5, "B")]


def test_tc_of_a_model(model, semeval2020, articles, tmp_path):
    found = run("tc", semeval2020, tmp_path, model=str(model))
    assert found["fragments"] == len(rows_of(articles, "semeval2020", "tc"))
    assert 0 < found["summary"]["micro_f1"] < 1
    assert "| techniques, micro-F1 " in (tmp_path / "metrics.md").read_text(encoding="utf-8")


def test_a_template_with_the_labels_filled_in_scores_as_the_model_does(model, semeval2020, articles, tmp_path):
    rows = [row.split("\t") for row in rows_of(articles, "semeval2020", "tc")]
    template = write_rows(tmp_path / "template.tsv", ("\t".join([row[0], "?", *row[2:]]) for row in rows))
    setup = (f"model={model}", f"input={semeval2020 / 'train-articles'}", "format=semeval2020", f"fragments={template}")
    done = run_script("predict", *setup, f"output={tmp_path / 'tc.tsv'}")
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} fragments" in done.stdout
    from_file = run("tc", semeval2020, tmp_path / "file", submission=str(tmp_path / "tc.tsv"))
    assert figures_only(from_file) == figures_only(run("tc", semeval2020, tmp_path / "model", model=str(model)))
    write_rows(template, ["1000\t?\t0\t4", "77\t?\t0\t4"])
    done = run_script("predict", *setup)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{template}:2: there is no article '77'" in done.stderr


def test_fragments_are_for_submissions_only():
    with pytest.raises(SettingsError, match="fragments: only format=semeval2020"):
        build(PredictConfig, {"model": "m", "fragments": "f"})


def test_slc_of_a_model_and_of_files(model, nlp4if2019, tagger, articles, tmp_path):
    found = run("slc", nlp4if2019, tmp_path / "model", model=str(model))
    rows, perfect, hits, predicted, wanted = [], [], 0, 0, 0
    labels = set(LabelSet.of("nlp4if2019").by_technique)
    for article in articles:
        numbers = numbered_lines(article)
        readings = tagger.read([article.text[start:end] for _, start, end in numbers])
        for (number, start, end), reading in zip(numbers, readings, strict=True):
            positive = tagger.calibration.sentence_probabilities(reading.logits)[0] >= tagger.calibration.thresholds[0]
            gold = bool(line_techniques(article, start, end) & labels)
            hits, predicted, wanted = hits + (positive and gold), predicted + positive, wanted + gold
            rows.append(f"{article.id}\t{number}\t{'propaganda' if positive else 'non-propaganda'}")
            perfect.append(f"{article.id}\t{number}\t{'propaganda' if gold else 'non-propaganda'}")
    assert found["summary"]["f1"] == pytest.approx(2 * hits / (predicted + wanted))
    same = run("slc", nlp4if2019, tmp_path / "file", submission=str(write_rows(tmp_path / "model.tsv", rows)))
    assert figures_only(same) == figures_only(found)
    perfect = str(write_rows(tmp_path / "gold.tsv", perfect))
    assert run("slc", nlp4if2019, tmp_path / "gold", submission=perfect)["summary"]["f1"] == 1
    official = run("slc", nlp4if2019, tmp_path / "official", submission=perfect, gold="lines")
    assert official["positive"] == 1
    assert official["summary"] == pytest.approx({"precision": 1, "recall": wanted / len(rows), "f1": 2 * wanted / (wanted + len(rows))})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-1], "gold.tsv: no row for line "),
        (lambda rows: [*rows, rows[3]], "has a row already"),
        (lambda rows: ["1000\t1\tmaybe", *rows[1:]], "gold.tsv:1: the class must be one of propaganda, non-propaganda"),
        (lambda rows: ["77\t1\tpropaganda", *rows[1:]], "gold.tsv:1: there is no article '77'"),
    ],
)
def test_a_wrong_line_row_is_named(change, message, nlp4if2019, articles, tmp_path):
    rows = [f"{article.id}\t{number}\tpropaganda" for article in articles for number, _, _ in numbered_lines(article)]
    path = write_rows(tmp_path / "gold.tsv", change(rows))
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        run("slc", nlp4if2019, tmp_path / "out", submission=str(path))


def test_subtask3_of_a_model_and_of_files(model, semeval2023, tagger, articles, tmp_path):
    found = run("subtask3", semeval2023, tmp_path / "model", model=str(model))
    known = set(LabelSet.of("semeval2023").names)
    rows = []
    for article in articles:
        for number, start, end in numbered_lines(article):
            names = {t for s in tagger.tag(article.text[start:end]).sentences for t in s.techniques} & known
            rows.append(f"{article.id}\t{number}\t{','.join(sorted(names))}")
    same = run("subtask3", semeval2023, tmp_path / "file", submission=str(write_rows(tmp_path / "model.tsv", rows)))
    assert figures_only(same) == figures_only(found)
    assert 0 < found["summary"]["micro_f1"] < 1
    assert set(found["techniques"]) == known
    gold = run("subtask3", semeval2023, tmp_path / "gold", submission=str(write_rows(tmp_path / "gold.tsv", paragraph_rows(articles))))
    assert gold["summary"]["micro_f1"] == gold["summary"]["macro_f1"] == 1
    with pytest.raises(UserError, match=r"wrong\.tsv:1: unknown technique 'Dout'"):
        run("subtask3", semeval2023, tmp_path / "no", submission=str(write_rows(tmp_path / "wrong.tsv", ["1000\t1\tDout", *rows[1:]])))


def test_paragraph_labels_are_no_gold_for_spans(semeval2023, tmp_path):
    path = write_rows(tmp_path / "si.tsv", ["1000\t1\t4"])
    with pytest.raises(UserError, match="task=si needs exact spans, but semeval2023"):
        run("si", semeval2023, tmp_path / "out", submission=str(path))


def test_whole_text_spans_of_semeval2021_task_2_are_gold_and_labels_of_task_1_are_not(tmp_path):
    text, corpus = "OUR RIVER\nour rules", tmp_path / "semeval2021"
    corpus.mkdir()
    spans = [{"start": 0, "end": len(text), "technique": "Slogans"}, {"start": 0, "end": 9, "technique": "Doubt"}]
    (corpus / "training_set_task2.txt").write_text(json.dumps([{"id": "1", "text": text, "labels": spans}]), encoding="utf-8")
    path = str(write_rows(tmp_path / "rows.tsv", [f"1\tSlogans\t0\t{len(text)}", "1\tDoubt\t0\t9"]))
    assert run("flc", corpus, tmp_path / "out", submission=path)["summary"]["f1"] == 1
    (corpus / "training_set_task2.txt").rename(corpus / "training_set_task1.txt")
    (corpus / "training_set_task1.txt").write_text(json.dumps([{"id": "1", "text": text, "labels": ["Slogans"]}]), encoding="utf-8")
    with pytest.raises(UserError, match="task=flc needs exact spans, but semeval2021"):
        run("flc", corpus, tmp_path / "out", submission=path)


def test_articles_with_crlf_are_told_since_their_offsets_count_lf(tmp_path, capsys):
    (tmp_path / "article1.txt").write_bytes(b"Title\r\n\r\nText.\r\n")
    assert [article.text for article in submission.read_articles(tmp_path)] == ["Title\n\nText.\n"]
    assert "1 x file with CRLF line ends, read as LF" in capsys.readouterr().err


def test_repaired_line_labels_are_counted(nlp4if2019, articles, tmp_path):
    root = tmp_path / "nlp4if2019"
    shutil.copytree(nlp4if2019, root)
    with (root / "train-labels-SLC" / "article1000.task-SLC.labels").open("a", encoding="utf-8") as file:
        file.write("1000\t1\tpropaganda\n")
    rows = [f"{article.id}\t{number}\tpropaganda" for article in articles for number, _, _ in numbered_lines(article)]
    path = str(write_rows(tmp_path / "rows.tsv", rows))
    notes = run("slc", root, tmp_path / "out", submission=path, gold="lines")["notes"]
    assert notes == {"line labels: row that stands twice, taken once": 1}


def test_a_split_limits_what_is_scored(dataset, seeds, model, tmp_path):
    config = {"corpus": CorpusConfig("seeds", str(seeds)), "task": "flc", "model": str(model), "bootstrap": 0}
    everything = evaluate(EvaluateConfig(output=str(tmp_path / "all"), **config))
    parts = [evaluate(EvaluateConfig(output=str(tmp_path / s), dataset=str(dataset), split=s, **config)) for s in ("train", "test")]
    assert everything["articles"] == len(list(read(seeds)))
    assert 0 < parts[1]["articles"] < parts[0]["articles"] < everything["articles"]
    assert parts[1]["split"] == "test"
    assert set(everything["techniques"]) <= set(taxonomy.load().names)


def test_a_split_without_an_article_of_the_corpus_is_said(dataset, semeval2020, tmp_path):
    path = write_rows(tmp_path / "si.tsv", ["1000\t1\t4"])
    with pytest.raises(UserError, match="no article of the test split"):
        run("si", semeval2020, tmp_path / "out", submission=str(path), dataset=str(dataset))


def test_a_submission_is_scored_again_only_when_it_changed(semeval2020, articles, tmp_path, capsys):
    rows = rows_of(articles, "semeval2020", "flc")
    path = write_rows(tmp_path / "rows.tsv", rows)
    score = lambda: run("flc", semeval2020, tmp_path / "out", submission=str(path))["summary"]["f1"]  # noqa: E731
    first = score()
    capsys.readouterr()
    assert score() == first
    assert "up to date" in capsys.readouterr().out
    write_rows(path, rows[: len(rows) // 2])
    assert score() < first


def test_spelling_and_spans_beyond_the_text_are_counted(semeval2020, articles, tmp_path):
    end = len(articles[0].text)
    path = write_rows(tmp_path / "rows.tsv", [f"1000\tflag_waving\t{end - 9}\t{end + 9}"])
    notes = run("flc", semeval2020, tmp_path / "out", submission=str(path))["notes"]
    assert notes == {"submission: span that ended beyond its text, clipped": 1, "submission: technique in another spelling": 1}
    assert "- 1 x submission: technique in another spelling" in (tmp_path / "out" / "metrics.md").read_text(encoding="utf-8")


def test_si_counts_only_techniques_that_the_corpus_annotated(articles):
    spans = tuple(TaggedSpan(start, start + 4, name, 0.9) for start, name in ((0, "Doubt"), (2, "Appeal_to_Pity"), (9, "Appeal_to_Pity")))
    sentence = TaggedSentence(Sentence("1000", 0, 0, 20, ""), {}, (), 1.0, "author", None, spans)
    tagged = TaggedArticle("1000", "", "", (sentence,), "")
    assert marked(tagged, LabelSet.of("semeval2020")) == [(0, 4)]
    assert marked(tagged, LabelSet.of("canonical")) == [(0, 6), (9, 13)]
    assert submission.render_si(tagged, articles[0]) == "1000\t0\t4\n"


@pytest.fixture
def own(articles, tmp_path):
    """Users' own data: of the first article only Doubt is known, the second has a merged label beside the span of the first."""
    text = articles[1].text
    span = {"start": 0, "end": 9, "technique": "Doubt"}
    rows = [
        {"id": "a", "text": text, "spans": [span], "known": ["Doubt"]},
        {"id": "b", "text": text, "spans": [span, {"start": 20, "end": 29, "technique": "Straw_Man|Red_Herring"}]},
    ]
    path = tmp_path / "jsonl"
    path.mkdir()
    write_rows(path / "x.jsonl", map(json.dumps, rows))
    return path


OWN = {"flc": [(0, 9, "Doubt"), (3, 8, "Slogans")], "tc": [(0, 9, "Doubt")], "si": [(0, 9, ""), (20, 29, "")]}


@pytest.mark.parametrize("task", OWN)
def test_what_nobody_looked_for_and_merged_labels_of_users_are_counted(task, own, model, tmp_path):
    rows = [f"{i}\t{label}\t{start}\t{end}".replace("\t\t", "\t") for i in "ab" for start, end, label in OWN[task]]
    found = run(task, own, tmp_path / "file", submission=str(write_rows(tmp_path / "rows.tsv", rows)))
    left_out = {NOT_ASKED: 1} if task == "flc" else {}
    assert found["notes"] == left_out | ({} if task == "si" else {"merged label, which cannot be scored, left out": 1})
    precision = {"flc": 2 / 3, "tc": None, "si": 3 / 4}[task]
    assert found["summary"].get("precision") == pytest.approx(precision)
    if task == "tc":
        return
    notes = run(task, own, tmp_path / "model", model=str(model))["notes"]
    assert notes[NOT_ASKED] > 0


def test_paragraph_labels_that_nobody_looked_for_are_left_out(own, model, tmp_path):
    found = run("subtask3", own, tmp_path / "model", model=str(model))
    assert found["notes"][NOT_ASKED] > 0

    text = json.loads((own / "x.jsonl").read_text().splitlines()[0])["text"]
    rows = [f"{i}\t{text.count(chr(10), 0, start) + 1}\tSlogans" for i in "ab" for start, _ in lines(text)]
    found = run("subtask3", own, tmp_path / "file", submission=str(write_rows(tmp_path / "rows.tsv", rows)))
    assert found["notes"][NOT_ASKED] == len(lines(text))


def test_rows_outside_the_split_are_counted(dataset, seeds, tmp_path):
    rows = [f"{article.id}\t0\t4" for article in read(seeds)]
    path = str(write_rows(tmp_path / "rows.tsv", rows))
    corpus = CorpusConfig("seeds", str(seeds))
    found = evaluate(
        EvaluateConfig(output=str(tmp_path / "out"), task="si", corpus=corpus, submission=path, dataset=str(dataset), bootstrap=0)
    )
    assert found["notes"] == {"submission: row of an article that is not scored, left out": len(rows) - found["articles"]}


def test_articles_without_a_line_are_said(tmp_path):
    write_articles(tmp_path / "semeval2020" / "train-articles", [Article("7", " \n\n")])
    write_rows(tmp_path / "semeval2020" / "train-task-flc-tc.labels", [])
    path = str(write_rows(tmp_path / "rows.tsv", []))
    with pytest.raises(UserError, match="no line that is not blank"):
        run("slc", tmp_path / "semeval2020", tmp_path / "out", submission=path)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"task": "si"}, ["give either model=FOLDER or submission=FILE"]),
        ({"task": "si", "model": "m", "submission": "s", "labels": "semeval2020"}, ["give either", "labels: only task=sentences"]),
        ({"submission": "s"}, ["model: needs a value", "submission: only the official tasks", "dataset: needs a value"]),
        ({"model": "m", "dataset": "d", "gold": "lines"}, ["gold: lines is for task=slc"]),
        ({"model": "m", "task": "flc", "corpus": {"name": "all", "parts": "seeds"}}, ["corpus: task=flc takes the gold of one corpus"]),
    ],
)
def test_settings_that_do_not_go_together_are_all_named(values, problems):
    with pytest.raises(SettingsError) as caught:
        build(EvaluateConfig, {"output": "o", **values})
    assert len(caught.value.problems) == len(problems)
    for problem, start in zip(caught.value.problems, problems, strict=True):
        assert problem.startswith(start)
