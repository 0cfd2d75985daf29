// A user's script: h5py reads live files, killed files, closed files and snapshots.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "record/segments/segment_writer.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

constexpr const char* python = "/usr/bin/python3";

bool has_h5py() { return std::system((std::string(python) + " -c 'import h5py' 2>/dev/null").c_str()) == 0; }

class Python : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_h5py()) GTEST_SKIP() << "no h5py for " << python;
    }
    /// Runs a script with the file's name as its argument; its assertions are the test.
    bool passes(const std::filesystem::path& given, const std::string& script) {
        testing::write_content(folder / "script.py", "import sys\nimport h5py\nimport numpy as np\n" + script);
        return std::system(
                   (std::string(python) + " " + (folder / "script.py").string() + " " + given.string()).c_str()) == 0;
    }
    testing::ScratchFolder folder;
    std::filesystem::path file = folder / "run.h5";
};

constexpr const char* read_run = R"(
with h5py.File(sys.argv[1], "r", swmr=True) as f:
    assert f.attrs["format"] == b"stemma-run" or f.attrs["format"] == "stemma-run", f.attrs["format"]
    assert f["job"][()].decode().startswith("# a job")
    reports = f["reports"][:]
    assert len(reports) > 200 and reports["valid_loss"][0] == 1.0 and reports["test_accuracy"][0] == 0.2
    assert list(reports["member"][:3]) == [0, 1, 2]
    members = f["members"][:]
    assert members["lr"][3] == 0.003 and members["parent"][0] == -1 and np.isnan(members["time_"][0])
    assert f["commits"][-1]["inputs"] == len(f["inputs"]) == 300
    assert f["metric_names"][0] in (b"valid_loss", "valid_loss")
)";

TEST_F(Python, ReadsARunWhileItIsWrittenAndAfterwards) {
    const auto writer = record::RunFileWriter::create(file, testing::sample_header());
    testing::SampleRun run;
    for (int i = 0; i < 300; ++i) {
        const auto entry = run.next();
        writer->append(entry.input, entry.effects);
        if (i % 20 == 19) writer->commit();
    }
    EXPECT_TRUE(passes(file, read_run)) << "live";
    std::filesystem::copy_file(file, folder / "killed.h5");
    EXPECT_TRUE(passes(folder / "killed.h5", read_run)) << "killed";
    writer->close(true);
    EXPECT_TRUE(passes(file, read_run)) << "closed";
    EXPECT_TRUE(passes(file, "assert h5py.File(sys.argv[1], 'r')['reports'].compression == 'gzip'\n"));
}

TEST_F(Python, ReadsASnapshot) {
    Snapshot snapshot;
    const std::array<float, 4> weights = {1, 2, 3, 4};
    const std::array<std::uint16_t, 2> halves = {0x3C00, 0x4000};
    const std::array<std::uint8_t, 2> flags = {0, 1};
    snapshot.add("model/w", DType::f32, {2, 2}, std::as_bytes(std::span(weights)));
    snapshot.add("half", DType::f16, {2}, std::as_bytes(std::span(halves)));
    snapshot.add("flag", DType::boolean, {2}, std::as_bytes(std::span(flags)));
    record::write_snapshot_file(file.string(), snapshot, {"00ff", {5}, 9});
    EXPECT_TRUE(passes(file, R"(
with h5py.File(sys.argv[1], "r") as f:
    assert f["model/w"][:].tolist() == [[1, 2], [3, 4]] and f["model/w"].dtype == np.float32
    assert f["half"].dtype == np.float16 and f["half"][:].tolist() == [1, 2]
    assert f["flag"].dtype == bool and f["flag"][:].tolist() == [False, True]
    assert f.attrs["member"] == 5 and f.attrs["resource"] == 9
)"));
}

TEST_F(Python, ReadsASmallSnapshot) {
    Snapshot snapshot;
    const std::array<float, 4> weights = {1, 2, 3, 4};
    const std::array<std::uint16_t, 2> halves = {0x3C00, 0x3F80};
    const std::array<std::uint8_t, 2> flags = {0, 1};
    const std::array<std::int64_t, 1> step = {-7};
    snapshot.add("model/w", DType::f32, {2, 2}, std::as_bytes(std::span(weights)));
    snapshot.add("half", DType::f16, {2}, std::as_bytes(std::span(halves)));
    snapshot.add("brain", DType::bf16, {2}, std::as_bytes(std::span(halves)));
    snapshot.add("flag", DType::boolean, {2}, std::as_bytes(std::span(flags)));
    snapshot.add("empty", DType::f64, {0, 5}, {});
    snapshot.add("näme", DType::i64, {}, std::as_bytes(std::span(step)));
    const auto block = snapshot.encode();
    const std::vector<record::SegmentWriter::Entry> entries = {{{3}, {1}, 4, block}, {{7}, {5}, 9, block}};
    record::SegmentWriter(record::snapshot_folder(file)).append(entries);
    EXPECT_TRUE(passes(file, std::string("sys.path.insert(0, '") + STEMMA_ANALYSIS + R"(')
from stemma.snapshots import find_snapshots
places = find_snapshots(sys.argv[1], [7, 8])
assert list(places) == [7] and places[7].resource == 9
f = places[7].read()
assert list(f) == ["model/w", "half", "brain", "flag", "empty", "näme"]
assert f["model/w"].tolist() == [[1, 2], [3, 4]] and f["model/w"].dtype == np.float32
assert f["half"].dtype == np.float16 and f["half"][0] == 1
assert f["brain"].dtype == np.float32 and f["brain"][1] == 1
assert f["flag"].dtype == bool and f["flag"].tolist() == [False, True]
assert f["empty"].shape == (0, 5)
assert f["näme"].shape == () and f["näme"] == -7
)"));
}

}  // namespace
}  // namespace stemma
