# make demo   (three epochs, to be quick) install, build the dataset from seeds/, fine-tune, evaluate, tag the sample article; skips what has not changed
# make test   install, then lint, types and tests
# make docs   write the pages under docs/ that are made from data: docs/taxonomy.md
# make clean  remove what the demo made (not the installation)

PYTHON ?= python3
PY := .venv/bin/python
DEMO := runs/demo
export HF_HUB_OFFLINE := 1

.PHONY: demo test lint types pytest docs clean

demo: .venv/installed
	$(PY) scripts/build_dataset.py corpus=seeds output=data/seeds
	$(PY) scripts/train.py dataset=data/seeds output=$(DEMO)/model train.epochs=3
	$(PY) scripts/evaluate.py model=$(DEMO)/model dataset=data/seeds output=$(DEMO)
	@$(MAKE) --no-print-directory $(DEMO)/article.json $(DEMO)/article.html
	@echo
	@echo "model folder     $(DEMO)/model"
	@echo "figures          $(DEMO)/metrics.json, as a table $(DEMO)/metrics.md"
	@echo "tagged article   $(DEMO)/article.html, as data $(DEMO)/article.json"

$(DEMO)/article.%: examples/article.txt $(DEMO)/model/manifest.json $(wildcard src/proptag/report/*)
	$(PY) scripts/predict.py model=$(DEMO)/model input=$< format=$* output=$@

test: lint types pytest

lint: .venv/installed-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/installed-dev
	.venv/bin/mypy

pytest: .venv/installed-dev
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

.venv/installed: pyproject.toml scripts/install.sh
	PYTHON="$(PYTHON)" sh scripts/install.sh train,score
	@touch $@

.venv/installed-dev: .venv/installed
	PYTHON="$(PYTHON)" sh scripts/install.sh train,score,ray,dev
	@touch $@

docs: .venv/installed
	$(PY) -c "from pathlib import Path; from proptag import cards, manifest, taxonomy; \
	manifest.write_text(Path('docs/taxonomy.md'), cards.taxonomy_page(taxonomy.load()))"

clean:
	rm -rf $(DEMO) data/seeds
