// Files written by version 1 stay readable. STEMMA_UPDATE=1 writes them anew: only ever under a new name.
#include <gtest/gtest.h>

#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t golden_entries = 40;

void write_golden(const std::filesystem::path& file) {
    std::filesystem::remove(file);
    const auto writer = RunFileWriter::create(file, testing::sample_header());
    testing::SampleRun run;
    for (std::uint64_t i = 0; i < golden_entries; ++i) {
        const auto entry = run.next();
        writer->append(entry.input, entry.effects);
    }
    writer->close(true);
}

TEST(Golden, RunFilesOfVersionOneAreReadable) {
    const auto file = std::filesystem::path(STEMMA_TEST_DATA) / "golden/run_v1.h5";
    if (std::getenv("STEMMA_UPDATE") != nullptr) {
        std::filesystem::create_directories(file.parent_path());
        write_golden(file);
    }
    RunFileReader reader(file);
    EXPECT_EQ(reader.header().run_id, testing::sample_header().run_id);
    EXPECT_EQ(reader.header().job_text, testing::sample_header().job_text);
    EXPECT_TRUE(reader.finished());
    testing::SampleRun run;
    std::uint64_t seen = 0;
    reader.entries([&](const Entry& entry) {
        EXPECT_EQ(testing::bytes_of(entry), testing::bytes_of(run.next()));
        ++seen;
    });
    EXPECT_EQ(seen, golden_entries);
}

TEST(Golden, AResumedCopyGoesOn) {
    const testing::ScratchFolder folder;
    std::filesystem::copy_file(std::filesystem::path(STEMMA_TEST_DATA) / "golden/run_v1.h5", folder / "run.h5");
    std::filesystem::permissions(folder / "run.h5", std::filesystem::perms::owner_all);
    const auto writer = RunFileWriter::append_to(folder / "run.h5");
    EXPECT_EQ(writer->inputs(), golden_entries);
}

}  // namespace
}  // namespace stemma
