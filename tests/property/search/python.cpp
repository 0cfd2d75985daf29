// The Python package makes every table anew from the log to compare it. The result equals the program's tables.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "case.hpp"
#include "core/rng.hpp"
#include "record/hdf5/run_file.hpp"
#include "space/json.hpp"

namespace stemma::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* python = "/usr/bin/python3";
constexpr const char* look = R"(
import sys
import warnings
sys.path.insert(0, sys.argv[1])
import stemma
warnings.simplefilter("error")  # a table that is not what the log says
for path in sys.argv[2:]:
    run = stemma.open(path)
    for name in stemma.schema.TABLES:
        run.file.table(name)
    assert len(run) == len(run.summary)
)";

class PythonReads : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        if (std::system((std::string(python) + " -c 'import h5py, pandas' 2>/dev/null").c_str()) != 0)
            GTEST_SKIP() << "no h5py and pandas for " << python;
        folder_ = fs::path(::testing::TempDir()) / (name_of(GetParam()) + std::to_string(::getpid()));
        fs::create_directories(folder_);
        std::ofstream(folder_ / "look.py") << look;
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path folder_;
};

INSTANTIATE_TEST_SUITE_P(EachScheduler, PythonReads, ::testing::ValuesIn(all_kinds),
                         [](const auto& each) { return name_of(each.param); });

record::RunHeader header_of(const Case& drawn) {
    record::RunHeader header;
    header.run_id = "0123456789abcdef";
    header.name = "drawn";
    header.metrics = {{"loss", false}, {"accuracy", false}};  // of curve()
    header.metric = header.metrics[drawn.manager.metric].name;
    header.maximize = drawn.manager.maximize;
    header.unit = "epoch";
    const auto space = Case::space();
    for (const auto& parameter : space->parameters()) header.parameters.push_back(parameter.name);
    header.space_json = space_json(*space);
    return header;
}

/// The entries of a search with faults that was killed several times.
std::vector<record::Entry> entries_of(const Case& drawn, Stream stream) {
    Recorder recorder(drawn.checkers());
    const auto journal = record::null_journal();
    auto settings = drawn.simulation;
    for (std::uint32_t incarnation = 0; incarnation < 5; ++incarnation) {
        settings.max_inputs = incarnation < 4 ? recorder.entries.size() + 1 + stream.below(60) : ~std::uint64_t{0};
        settings.incarnation = incarnation;
        settings.first_sequence = recorder.entries.size();
        settings.first_time = recorder.entries.empty() ? 0 : recorder.entries.back().input.time;
        auto manager = replayed(drawn, recorder.entries);
        simulate(manager, curve(), settings, *journal, &recorder);
    }
    return recorder.entries;
}

TEST_P(PythonReads, TheTablesOfSearchesAmongFaults) {
    std::string words;
    for (const auto seed : seeds(12)) {
        const auto drawn = drawn_case(GetParam(), seed);
        const auto file = folder_ / (std::to_string(seed) + ".h5");
        const auto writer = record::RunFileWriter::create(file, header_of(drawn));
        for (const auto& entry : entries_of(drawn, Stream(seed, Purpose::test, 400))) {
            writer->append(entry.input, entry.effects);
            if (entry.input.sequence % 7 == 0) writer->commit();
        }
        writer->commit();
        if (seed % 2 == 0) writer->close(true);
        words += " " + file.string();
    }
    const auto command =
        std::string(python) + " " + (folder_ / "look.py").string() + " " STEMMA_ROOT "/analysis" + words;
    EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace stemma::testing
