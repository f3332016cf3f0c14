import copy

import pytest
import yaml

from conftest import ROOT
from proptag import cards, taxonomy
from proptag.errors import UserError

DATA = yaml.safe_load(taxonomy.PATH.read_text(encoding="utf-8"))


def test_taxonomy_holds_the_23_techniques_of_semeval2023_and_three_more():
    loaded = taxonomy.load()
    assert len(loaded.labels_of("semeval2023")) == 23
    assert set(loaded.names) - loaded.known_in("semeval2023") == {
        "False_Equivalence",
        "Appeal_to_Pity",
        "Appeal_to_Aspiration",
    }


def test_taxonomy_knows_merged_labels_and_unannotated_techniques():
    loaded = taxonomy.load()
    labels = loaded.labels_of("semeval2020")
    assert len(labels) == 14
    assert set(labels["Whataboutism,Straw_Men,Red_Herring"]) == {
        "Whataboutism",
        "Straw_Man",
        "Red_Herring",
        "Appeal_to_Hypocrisy",
    }
    assert set(labels["Bandwagon,Reductio_ad_hitlerum"]) == {"Appeal_to_Popularity", "Guilt_by_Association"}
    assert "Appeal_to_Time" not in loaded.known_in("semeval2020")


@pytest.mark.parametrize(
    ("corpus", "file"),
    [
        ("semeval2020", "propaganda-techniques-names-semeval2020task11.txt"),
        ("nlp4if2019", "propaganda-techniques-names.txt"),
        ("semeval2021", "techniques_list_task1-2.txt"),
        ("semeval2023", "techniques_subtask3.txt"),
    ],
)
def test_taxonomy_names_exactly_the_labels_of_each_corpus(ptc_articles, corpus, file):
    listed = {line.strip() for line in (ptc_articles.parent.parent / corpus / file).read_text(encoding="utf-8").splitlines()}
    assert set(taxonomy.load().labels_of(corpus)) == listed - {""}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d["techniques"][0].update(group="Nonsense"), "unknown group 'Nonsense'"),
        (lambda d: d["techniques"][0].update(definition=" "), "definition is empty"),
        (lambda d: d["techniques"][0].update(example="no span"), "marks no span"),
        (lambda d: d["techniques"][0].pop("names"), "needs exactly the keys"),
        (lambda d: d["techniques"][0]["names"].update(atlantis="X"), "unknown corpus 'atlantis'"),
        (lambda d: d["techniques"].append(d["techniques"][0]), "stands twice"),
        (lambda d: d["groups"].update(Empty="nothing"), "Empty has no technique"),
        (lambda d: d.pop("version"), "needs the keys"),
    ],
)
def test_taxonomy_faults_are_named(change, problem):
    data = copy.deepcopy(DATA)
    change(data)
    with pytest.raises(UserError, match=problem):
        taxonomy.parse(data)


def test_taxonomy_reports_all_faults_at_once():
    data = copy.deepcopy(DATA)
    data["techniques"][0]["group"] = "Nonsense"
    data["techniques"][3]["example"] = ""
    with pytest.raises(UserError) as caught:
        taxonomy.parse(data)
    assert "Nonsense" in str(caught.value)
    assert "example is empty" in str(caught.value)


def test_the_page_about_the_techniques_is_up_to_date():
    page = (ROOT / "docs" / "taxonomy.md").read_text(encoding="utf-8")
    assert page == cards.taxonomy_page(taxonomy.load()), "docs/taxonomy.md is stale: run make docs"


GROUPS = {
    "Attack_on_Reputation": "Name_Calling-Labeling Guilt_by_Association Doubt Appeal_to_Hypocrisy Questioning_the_Reputation",
    "Justification": "Flag_Waving Appeal_to_Authority Appeal_to_Popularity Appeal_to_Values Appeal_to_Fear-Prejudice",
    "Distraction": "Straw_Man Red_Herring Whataboutism",
    "Simplification": "Causal_Oversimplification False_Dilemma-No_Choice Consequential_Oversimplification",
    "Call": "Slogans Conversation_Killer Appeal_to_Time",
    "Manipulative_Wording": "Loaded_Language Obfuscation-Vagueness-Confusion Exaggeration-Minimisation Repetition",
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_groups_are_those_of_semeval2023(group):
    loaded = taxonomy.load()
    assert {t.name for t in loaded.techniques if t.group == group} & loaded.known_in("semeval2023") == set(GROUPS[group].split())


def test_the_labels_that_differ_between_corpora_map_as_published():
    loaded = taxonomy.load()
    merged, either = "Whataboutism,Straw_Men,Red_Herring", "Whataboutism"
    expected = {
        "Appeal_to_Popularity": ("Bandwagon,Reductio_ad_hitlerum", "Bandwagon", "Bandwagon"),
        "Guilt_by_Association": ("Bandwagon,Reductio_ad_hitlerum", "Reductio_ad_hitlerum", "Reductio ad hitlerum"),
        "Straw_Man": (merged, "Straw_Men", "Misrepresentation of Someone's Position (Straw Man)"),
        "Red_Herring": (merged, "Red_Herring", "Presenting Irrelevant Data (Red Herring)"),
        "Whataboutism": (merged, either, either),
        "Appeal_to_Hypocrisy": (merged, either, either),
        "Obfuscation-Vagueness-Confusion": (
            None,
            "Obfuscation,Intentional_Vagueness,Confusion",
            "Obfuscation, Intentional vagueness, Confusion",
        ),
        "Questioning_the_Reputation": (None, None, "Smears"),
        "Appeal_to_Values": (None, None, "Glittering generalities (Virtue)"),
        "Consequential_Oversimplification": (None, None, None),
        "Appeal_to_Time": (None, None, None),
        "False_Dilemma-No_Choice": ("Black-and-White_Fallacy", "Black-and-White_Fallacy", "Black-and-white Fallacy/Dictatorship"),
        "Conversation_Killer": ("Thought-terminating_Cliches", "Thought-terminating_Cliches", "Thought-terminating cliché"),
    }
    corpora = ("semeval2020", "nlp4if2019", "semeval2021")
    assert {name: tuple(loaded[name].names.get(corpus) for corpus in corpora) for name in expected} == expected
    # The others are named in every corpus, and no label of theirs is shared.
    for name in loaded.known_in("semeval2023") - set(expected):
        assert all(loaded.labels_of(corpus)[loaded[name].names[corpus]] == (name,) for corpus in (*corpora, "semeval2023"))


def test_unknown_technique_gets_a_suggestion():
    with pytest.raises(UserError, match="did you mean Loaded_Language"):
        taxonomy.load()["Loaded_Langage"]
