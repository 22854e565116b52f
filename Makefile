# One set of flags for everything, so that nothing is compiled twice; the C libraries must be there to build.
swift_flags := -c release -Xswiftc -enable-testing
OMNIGEN2_GOLDENS ?= Tests/Fixtures/goldens

.PHONY: help bootstrap build test demo parity format lint docs release-bundle

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-15s %s\n", $$1, $$2 }'

bootstrap: ## install the C libraries and libtorch, where missing
	scripts/bootstrap

build: bootstrap ## compile the libraries and programs
	swift build $(swift_flags)

test: bootstrap ## run all tests
	swift build --build-tests $(swift_flags)
	swift build --package-path Examples/Embed --scratch-path .build $(swift_flags)
	swift test --skip-build $(swift_flags)
	scripts/tests/bootstrap
	scripts/tests/gpu-check
	scripts/docs

demo: bootstrap ## draw a picture with small random weights, end to end
	swift build --product omnigen2 $(swift_flags)
	swift build --product parity $(swift_flags)
	scripts/demo

parity: bootstrap ## compare with the recorded numbers of the original in OMNIGEN2_GOLDENS
	swift build --product parity $(swift_flags)
	.build/release/parity $(OMNIGEN2_GOLDENS)

format: ## format the Swift sources
	swift format --in-place --recursive Sources Tests Examples Package.swift

lint: ## check the format of the Swift sources
	swift format lint --strict --recursive Sources Tests Examples Package.swift

docs: build ## build the library's documentation, in .build/docs
	scripts/docs

release-bundle: bootstrap ## build the archive for machines without Swift, in dist/
	scripts/release-bundle
