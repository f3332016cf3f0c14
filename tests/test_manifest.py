import pytest

from proptag.manifest import hash_path, is_current, whole_file, whole_folder, write, write_text


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_whole_and_a_failed_one_leaves_the_old(tmp_path):
    path = tmp_path / "folder"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("old")

    def fail():
        with whole_folder(path) as temporary:
            (temporary / "a").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (path / "a").read_text() == "old"
    with whole_folder(path) as temporary:
        (temporary / "b").write_text("new")
    assert [p.name for p in path.iterdir()] == ["b"]


def test_a_result_is_current_until_its_description_or_its_files_change(tmp_path):
    (tmp_path / "a").write_text("1")
    write(tmp_path, {"step": "x"}, ["a"], {})
    assert is_current(tmp_path, {"step": "x"})
    assert not is_current(tmp_path, {"step": "y"})
    (tmp_path / "a").write_text("2")
    assert not is_current(tmp_path, {"step": "x"})
    assert not is_current(tmp_path / "nowhere", {"step": "x"})


def test_the_hash_of_a_folder_sees_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = hash_path(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert hash_path(tmp_path) != first
