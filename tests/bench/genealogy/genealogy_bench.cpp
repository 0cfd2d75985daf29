// Reading the genealogy of a run file. Argument: members. The file goes to TMPDIR. If STEMMA_BENCH_KEEP is set, the
// file stays there for `stemma lineage`.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>

#include "bench/genealogy/recorded_family.hpp"
#include "genealogy/genealogy.hpp"
#include "genealogy/text.hpp"

namespace stemma {
namespace {

class FamilyFile {
public:
    explicit FamilyFile(std::uint64_t members) { bench::write_family(path, members); }
    ~FamilyFile() {
        if (std::getenv("STEMMA_BENCH_KEEP") == nullptr) std::filesystem::remove(path);
    }
    FamilyFile(const FamilyFile&) = delete;
    FamilyFile& operator=(const FamilyFile&) = delete;

    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("stemma_family_" + std::to_string(::getpid()) + ".h5");
};

const SearchSpace& family_space() {
    static const SearchSpace space({{"lr", Real{1e-4, 1, Scale::log, {}}, Role::mutable_value, {}, {}},
                                    {"momentum", Real{0, 0.99, Scale::linear, {}}, Role::mutable_value, {}, {}}});
    return space;
}

Genealogy genealogy_of(const FamilyFile& file) {
    record::RunFileReader reader(file.path);
    return read_genealogy(reader);
}

const GenealogyNames names{"family", "valid_loss", "step", &family_space()};

void read(benchmark::State& state) {
    const FamilyFile file(static_cast<std::uint64_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(genealogy_of(file).size());
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void forest(benchmark::State& state) {
    const auto genealogy = genealogy_of(FamilyFile(static_cast<std::uint64_t>(state.range(0))));
    TextStyle style;
    if (state.range(1) != 0) style.lines = 0;
    for (auto _ : state) benchmark::DoNotOptimize(forest_text(genealogy, names, style).size());
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(forest)->ArgNames({"", "all"})->Args({100'000, 0})->Args({100'000, 1})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stemma
