#include "record/hdf5/run_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void append(record::RunFileWriter& writer, std::uint64_t first, std::uint64_t count) {
    testing::SampleRun run;
    for (std::uint64_t i = 0; i < first + count; ++i) {
        const auto entry = run.next();
        if (i >= first) writer.append(entry.input, entry.effects);
    }
}

/// Expects the first `count` entries of the sample run.
void expect_sample(const std::filesystem::path& file, std::uint64_t count) {
    record::RunFileReader reader(file);
    EXPECT_EQ(reader.inputs(), count);
    testing::SampleRun run;
    std::uint64_t seen = 0;
    reader.entries([&](const record::Entry& entry) {
        EXPECT_EQ(bytes_of(entry), bytes_of(run.next()));
        ++seen;
    });
    EXPECT_EQ(seen, count);
}

class RunFile : public ::testing::Test {
protected:
    testing::ScratchFolder folder;
    std::filesystem::path file = folder / "run.h5";
};

TEST_F(RunFile, HeaderComesBack) {
    const auto header = testing::sample_header();
    record::RunFileWriter::create(file, header)->close(false);
    const record::RunFileReader reader(file);
    const auto& same = reader.header();
    EXPECT_EQ(same.run_id, header.run_id);
    EXPECT_EQ(same.name, header.name);
    EXPECT_EQ(same.job_text, header.job_text);
    EXPECT_EQ(same.overrides, header.overrides);
    EXPECT_EQ(same.job_resolved, header.job_resolved);
    EXPECT_EQ(same.rules, header.rules);
    EXPECT_EQ(same.limits, header.limits);
    EXPECT_EQ(same.seed, header.seed);
    EXPECT_EQ(same.program_version, header.program_version);
    EXPECT_EQ(same.git_hash, header.git_hash);
    EXPECT_EQ(same.machines, header.machines);
    EXPECT_EQ(same.metric, header.metric);
    EXPECT_EQ(same.maximize, header.maximize);
    EXPECT_EQ(same.unit, header.unit);
    EXPECT_EQ(same.parameters, header.parameters);
    EXPECT_EQ(same.space_json, header.space_json);
    EXPECT_EQ(same.started_unix, header.started_unix);
    ASSERT_EQ(same.metrics.size(), header.metrics.size());
    for (std::size_t i = 0; i < same.metrics.size(); ++i) {
        EXPECT_EQ(same.metrics[i].name, header.metrics[i].name);
        EXPECT_EQ(same.metrics[i].held_out, header.metrics[i].held_out);
    }
}

TEST_F(RunFile, EachMachineThatWroteToItIsInItsHeaderOnce) {
    const auto header = testing::sample_header();
    record::RunFileWriter::create(file, header)->close(false);
    record::RunFileWriter::append_to(file, {}, {.machine = header.machines})->close(false);
    EXPECT_EQ(record::RunFileReader(file).header().machines, header.machines);
    record::RunFileWriter::append_to(file, {}, {.machine = "another CPU"})->close(false);
    EXPECT_EQ(record::RunFileReader(file).header().machines, header.machines + "\nanother CPU");
    record::RunFileWriter::append_to(file, {}, {.machine = "another CPU"})->close(false);
    EXPECT_EQ(record::RunFileReader(file).header().machines, header.machines + "\nanother CPU");
}

TEST_F(RunFile, AnEmptyHeaderAndNoParametersAreFine) {
    record::RunFileWriter::create(file, record::RunHeader{})->close(true);
    record::RunFileReader reader(file);
    EXPECT_TRUE(reader.header().parameters.empty());
    EXPECT_TRUE(reader.header().metrics.empty());
    EXPECT_TRUE(reader.finished());
}

TEST_F(RunFile, ReadersSeeWhatIsCommittedWhileItIsWritten) {
    const auto writer = record::RunFileWriter::create(file, testing::sample_header());
    expect_sample(file, 0);
    append(*writer, 0, 100);
    expect_sample(file, 0);
    writer->commit();
    expect_sample(file, 100);
    append(*writer, 100, 9000);
    writer->commit();
    writer->sync();
    expect_sample(file, 9100);
    EXPECT_FALSE(record::RunFileReader(file).closed());
}

TEST_F(RunFile, ClosedAndFinishedAreToldApart) {
    {
        const auto writer = record::RunFileWriter::create(file, testing::sample_header());
        append(*writer, 0, 5000);
        writer->close(false);
    }
    EXPECT_TRUE(record::RunFileReader(file).closed());
    EXPECT_FALSE(record::RunFileReader(file).finished());
    expect_sample(file, 5000);
    {
        const auto writer = record::RunFileWriter::append_to(file);
        EXPECT_FALSE(record::RunFileReader(file).closed()) << "it is live again";
        EXPECT_EQ(writer->inputs(), 5000U);
        append(*writer, 5000, 10);
        writer->close(true);
    }
    const auto size = std::filesystem::file_size(file);
    EXPECT_TRUE(record::RunFileReader(file).finished());
    EXPECT_EQ(record::RunFileReader(file).file_incarnation(), 1U);
    EXPECT_LT(size, 5010U * 300U) << "it is compressed";
    expect_sample(file, 5010);
}

TEST_F(RunFile, AFinishedRunGoesOnToo) {
    {
        const auto writer = record::RunFileWriter::create(file, testing::sample_header());
        append(*writer, 0, 300);
        writer->close(true);
    }
    {
        const auto writer = record::RunFileWriter::append_to(file);
        append(*writer, 300, 300);
        writer->commit();
        expect_sample(file, 600);
    }
    EXPECT_FALSE(record::RunFileReader(file).finished());
    expect_sample(file, 600);
}

TEST_F(RunFile, UncommittedEntriesNeverWere) {
    {
        const auto writer = record::RunFileWriter::create(file, testing::sample_header());
        append(*writer, 0, 50);
        writer->commit();
        append(*writer, 50, 50);
    }
    expect_sample(file, 50);
    const auto writer = record::RunFileWriter::append_to(file);
    EXPECT_EQ(writer->inputs(), 50U);
}

TEST_F(RunFile, AnOpenReaderNoticesThatResumeReplacedTheFile) {
    record::RunFileWriter::create(file, testing::sample_header())->close(false);
    const record::RunFileReader reader(file);
    EXPECT_FALSE(reader.replaced());
    record::RunFileWriter::append_to(file)->close(false);
    EXPECT_TRUE(reader.replaced());
}

TEST_F(RunFile, IsNeverOverwritten) {
    testing::write_content(file, "precious");
    EXPECT_THAT([&] { record::RunFileWriter::create(file, testing::sample_header()); },
                ThrowsMessage<UserError>(HasSubstr("not overwritten")));
    EXPECT_EQ(testing::content_of(file), "precious");
    EXPECT_FALSE(std::filesystem::exists(file.string() + ".lock"));
}

TEST_F(RunFile, NothingIsLeftBesideIt) {
    record::RunFileWriter::create(file, testing::sample_header())->close(true);
    record::RunFileWriter::append_to(file)->close(true);
    std::size_t files = 0;
    for (const auto& one : std::filesystem::directory_iterator(file.parent_path()))
        files += one.is_regular_file() ? 1 : 0;
    EXPECT_EQ(files, 1U);
}

TEST_F(RunFile, AFolderThatIsNotThereIsSaid) {
    EXPECT_ERROR(record::RunFileWriter::create(folder / "no/such/run.h5", testing::sample_header()), UserError,
                 "no/such/run.h5");
}

TEST_F(RunFile, LogsOfAnyKindComeBack) {
    testing::RecordSampler sampler(11);
    std::vector<Bytes> expected;
    {
        const auto writer = record::RunFileWriter::create(file, testing::sample_header());
        for (std::uint64_t i = 0; i < 3000; ++i) {
            const auto entry = sampler.entry(i);
            expected.push_back(bytes_of(entry));
            writer->append(entry.input, entry.effects);
            if (i % 7 == 0) writer->commit();
        }
        writer->close(true);
    }
    std::size_t seen = 0;
    record::RunFileReader(file).entries(
        [&](const record::Entry& entry) { EXPECT_EQ(bytes_of(entry), expected[seen++]); });
    EXPECT_EQ(seen, expected.size());
}

}  // namespace
}  // namespace stemma
