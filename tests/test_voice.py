import pytest
from hypothesis import given
from hypothesis import strategies as st

from proptag.voice import find_quotations, voice_of


def found(text):
    return [(text[q.start : q.end], q.speaker) for q in find_quotations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"We won," said Ada Brenn, who runs the shop.', [("We won,", "Ada Brenn")]),
        (
            '"We won," said Ada Brenn. "Nobody helped," she added.',
            [("We won,", "Ada Brenn"), ("Nobody helped,", "Ada Brenn")],
        ),
        ('The mayor, Joan Pell, said: "No way."', [("No way.", "Joan Pell")]),
        (
            "“The plan is dead,” the minister of works, Tomas Reel, said on Monday.",
            [("The plan is dead,", "Tomas Reel")],
        ),
        (
            '"It is bad," a spokesman for Karn Shipping told reporters.',
            [("It is bad,", "a spokesman for Karn Shipping")],
        ),
        ('According to Tom Reel, "nothing will change".', [("nothing will change", "Tom Reel")]),
        ('"Why now?" asked Sen. Rob Mend.', [("Why now?", "Sen. Rob Mend")]),
        ('However, Ulla Marr calmed the crowd by saying that "all is well".', [("all is well", "Ulla Marr")]),
        ("When some women asked him, “Where to?” he replied, “Away.”", [("Where to?", "some women"), ("Away.", None)]),
        ("«Non,» said Luc Arl.", [("Non,", "Luc Arl")]),
        ("‘I don’t care,’ said Al Orr. It’s the boys’ room.", [("I don’t care,", "Al Orr")]),
        ('He called the "reform" a theft.', [("reform", None)]),
        ('Tomas Ruel, a deputy, asked for the figures. "They must know," he said.', [("They must know,", "Tomas Ruel")]),
        ('"Go home!" chanted the crowd.', [("Go home!", "the crowd")]),
    ],
)
def test_quotations_and_their_speakers(text, expected):
    assert found(text) == expected


def test_a_missing_opening_mark_is_put_at_the_beginning_of_the_sentence():
    text = "“All went,” Orr said. Half of them came back,” he said."
    assert found(text) == [("All went,", "Orr"), ("Half of them came back,", "Orr")]


def test_a_quotation_over_two_paragraphs_keeps_its_speaker():
    text = "Orr said: “It began in May and nobody saw it.\n“Then it all ended very badly.”\nNobody else spoke."
    assert found(text) == [("It began in May and nobody saw it.", "Orr"), ("Then it all ended very badly.", "Orr")]


def test_voice_counts_letters_only():
    text = 'Pell said: "We will fight," and left.'
    quotations = find_quotations(text)
    start = text.index('"')
    assert voice_of(text, start, start + 16, quotations) == ("quoted", "Pell")
    assert voice_of(text, 0, start, quotations) == ("author", None)
    assert voice_of(text, 0, len(text), quotations) == ("mixed", "Pell")


@given(st.text(st.sampled_from("aB said.,\n“”\"'‘’«»: "), max_size=150))
def test_quotations_are_ordered_disjoint_and_within_a_line(text):
    cursor = 0
    for quotation in find_quotations(text):
        assert cursor <= quotation.start <= quotation.end <= len(text)
        assert "\n" not in text[quotation.start : quotation.end]
        cursor = quotation.end
        voice, speaker = voice_of(text, 0, len(text), find_quotations(text))
        assert voice in ("author", "quoted", "mixed")
        assert voice != "author" or speaker is None


def test_a_long_line_takes_no_long_time():
    text = '"' + "He said that the people of Norvane, " * 20_000
    assert len(find_quotations(text)) == 1
    assert find_quotations("‘a 'b " * 20_000) == ()


def test_the_sample_report_names_its_quoted_speakers(ptc_articles):
    text = (ptc_articles.parents[2] / "samples" / "recruitment-videos.txt").read_text(encoding="utf-8")
    speakers = [speaker for _, speaker in found(text)]
    assert speakers == ["some elderly women", None, "Putin", None, "President Putin", "Putin", "Putin", "Putin"]
