// Files written by version 1 stay readable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t golden_entries = 40;

TEST(Golden, RunFilesOfVersionOneAreReadable) {
    const auto file = std::filesystem::path(STEMMA_TEST_DATA) / "golden/run_v1.h5";
    record::RunFileReader reader(file);
    EXPECT_EQ(reader.header().run_id, testing::sample_header().run_id);
    EXPECT_EQ(reader.header().job_text, testing::sample_header().job_text);
    EXPECT_TRUE(reader.finished());
    EXPECT_EQ(reader.format_version(), 1U);
    EXPECT_EQ(reader.header().rules, 1U);
    EXPECT_EQ(reader.header().limits, record::Limits{});
    EXPECT_THAT(reader.lacks(),
                ::testing::IsSupersetOf({"/budgets", "budgets of /commits", "members_crc32 of /commits"}));
    EXPECT_FALSE(reader.first_with_wrong_checksum());
    testing::SampleRun run;
    std::uint64_t seen = 0;
    reader.entries([&](const record::Entry& entry) {
        auto expected = run.next();
        // A report of that version has no number of processes.
        if (auto* report = std::get_if<input::Report>(&expected.input.body))
            report->processes = input::Report{}.processes;
        EXPECT_EQ(testing::bytes_of(entry), testing::bytes_of(expected));
        ++seen;
    });
    EXPECT_EQ(seen, golden_entries);
}

TEST(Golden, AResumedCopyGoesOn) {
    const testing::ScratchFolder folder;
    std::filesystem::copy_file(std::filesystem::path(STEMMA_TEST_DATA) / "golden/run_v1.h5", folder / "run.h5");
    std::filesystem::permissions(folder / "run.h5", std::filesystem::perms::owner_all);
    const record::Limits limits{.budget = {.members = 9, .target = 0.5}, .max_resource = 27};
    const auto writer =
        record::RunFileWriter::append_to(folder / "run.h5", {}, {.job_resolved = "[run]\n", .limits = limits});
    EXPECT_EQ(writer->inputs(), golden_entries);
    record::RunFileReader reader(folder / "run.h5");
    EXPECT_EQ(reader.format_version(), record::run_file_version);
    EXPECT_THAT(reader.lacks(), ::testing::IsEmpty());
    EXPECT_EQ(reader.header().job_resolved, "[run]\n");
    EXPECT_EQ(reader.header().limits, limits);
    EXPECT_EQ(reader.rows(record::Table::budgets), 1U);
    EXPECT_FALSE(reader.first_with_wrong_checksum());
}

}  // namespace
}  // namespace stemma
