# The commands of this project. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help run test soak audit fixtures fmt openapi bench tools deb release package-test package-twice

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and serve on https://localhost:8443, everything kept in ./data
	cargo run --release -- serve

test: tools ## Install what the tests need, check format and lints, run every test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked

soak: tools ## Kill a loaded server 500 times (ROUNDS=n), restore 100 backups of one (BACKUPS=n), start one with 3 GiB, back up 1 GB of one text
	APPLIANCE_SOAK_ROUNDS=$(or $(ROUNDS),500) APPLIANCE_SOAK_BACKUPS=$(or $(BACKUPS),100) \
		cargo test --locked --test process -- --ignored --nocapture soak --skip large_files
	cargo test --release --locked --test process -- --ignored --nocapture large_files
	cargo test --release --locked --lib -- --ignored --nocapture soak

audit: ## Let public scanners and clients that misbehave loose on a release build; the verdict goes into docs/security.md
	tests/audit/run.py $(SCANNERS)

fixtures: ## Keep the databases of this version for the tests of every later one
	cargo test --locked --test api -- --ignored --exact fixtures::make

bench: ## Measure speed and memory of a release build, as ratios in one run
	cargo bench --locked --bench appliance

deb: ## Build the Debian package, target/package/*.deb
	packaging/build.sh

release: deb ## The same, laid into target/dist with its bill of materials and SHA256SUMS
	packaging/release.sh

package-test: ## Try the package that `make deb` made: lintian, units, alarms, and its life on a fresh system
	tests/package/run.sh

package-twice: ## Build the last commit's package anew elsewhere, and compare it byte by byte
	tests/package/twice.sh

fmt: ## Format the code
	cargo fmt

openapi: ## Write openapi/appliance.json anew
	cargo run --quiet -- openapi > openapi/appliance.json.new
	mv openapi/appliance.json.new openapi/appliance.json

tools:
	@tests/tools.sh
