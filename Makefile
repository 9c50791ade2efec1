# Two commands matter: `make run` and `make test`. Both start from a machine with Python 3.11+, pip and Node 20+.

.PHONY: run test lint build tools

run:
	@sh scripts/run $(ARGS)

test:
	@sh scripts/test $(ARGS)

lint:
	@sh scripts/lint

build: tools
	@sh scripts/uv run --no-dev --frozen homeroom build

tools:
	@sh scripts/tools
