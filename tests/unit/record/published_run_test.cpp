#include "record/hdf5/published_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/error.hpp"
#include "record/hdf5/lock_holder.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr record::PublishSettings always{std::chrono::duration<double>(0), 1e9};
constexpr record::PublishSettings never{std::chrono::duration<double>(1e6), 1};

class Published : public ::testing::Test {
protected:
    /// Writes `count` entries after the first `done`, committed and synced.
    void write(record::PublishedRun& run, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto entry = sample.next();
            run.append(entry.input, entry.effects);
        }
        run.commit();
        run.sync();
    }
    std::uint64_t published() const { return record::RunFileReader(file).inputs(); }
    std::filesystem::path only_file_of_the_node() const {
        for (const auto& entry : std::filesystem::directory_iterator(node)) {
            if (entry.path().extension() != ".lock") return entry.path();
        }
        return {};
    }

    testing::ScratchFolder scratch;
    std::filesystem::path file = scratch / "run.h5";
    std::filesystem::path node = scratch / "node";
    testing::SampleRun sample;
};

TEST_F(Published, IsThereAtOnceAndGrowsWithEachCopy) {
    const auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, always);
    EXPECT_EQ(published(), 0U);
    write(*run, 10);
    EXPECT_EQ(published(), 10U);
    write(*run, 5);
    EXPECT_EQ(published(), 15U);
    EXPECT_THAT(run->notice(), HasSubstr(node.string()));
}

/// On a thread of its own, while rank 0 goes on committing: the copy is the state at its beginning.
TEST_F(Published, ACopyIsConsistentWhateverIsCommittedMeanwhile) {
    const auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, always);
    write(*run, 10);
    const auto commit = [&](int entries) {
        for (int i = 0; i < entries; ++i) {
            const auto entry = sample.next();
            run->append(entry.input, entry.effects);
            run->commit();
        }
    };
    for (int copy = 0; copy < 3; ++copy) {
        const auto committed = published() + (copy == 0 ? 0 : 200);
        const auto work = run->sync_work();
        std::thread beside(work);
        commit(200);
        beside.join();
        EXPECT_EQ(published(), committed);
        std::uint64_t read = 0;
        record::RunFileReader(file).entries([&](const record::Entry&) { ++read; });
        EXPECT_EQ(read, committed);
    }
}

TEST_F(Published, CopiesAreRareButTheEndIsPublished) {
    const auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, never);
    write(*run, 10);
    EXPECT_EQ(published(), 0U);
    run->close(true);
    EXPECT_EQ(published(), 10U);
    EXPECT_TRUE(record::RunFileReader(file).finished());
    EXPECT_EQ(only_file_of_the_node(), "") << "nothing stays on the node";
}

TEST_F(Published, AKillOfTheProgramLosesNothingOnTheSameNode) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, never);
    write(*run, 10);
    run.reset();  // as a kill: no close
    ASSERT_EQ(published(), 0U);
    EXPECT_EQ(record::RunFileReader(record::newest_record(file, node)).inputs(), 10U);

    run = record::PublishedRun::append_to(file, node, {}, never);
    EXPECT_EQ(published(), 10U);
    write(*run, 5);
    run->close(false);
    EXPECT_EQ(published(), 15U);
}

TEST_F(Published, TheLossOfTheNodeLosesWhatWasNotYetCopied) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, never);
    write(*run, 10);
    run.reset();
    std::filesystem::remove_all(node);

    EXPECT_EQ(record::newest_record(file, node), file);
    record::PublishedRun::append_to(file, node, {}, never)->close(false);
    EXPECT_EQ(published(), 0U);
}

TEST_F(Published, ALiveFileThatTheNodesCrashDamagedIsPassedOver) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, always);
    write(*run, 10);
    run.reset();
    std::filesystem::resize_file(only_file_of_the_node(), 1000);

    EXPECT_EQ(record::newest_record(file, node), file);
}

TEST_F(Published, ALiveFileIsPassedOverFromWhichAnotherNodeHasGoneOn) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, never);
    write(*run, 10);  // the loss of the node loses them
    run.reset();
    auto elsewhere = record::PublishedRun::append_to(file, scratch / "another node", {}, always);
    testing::SampleRun from_the_copy;
    for (int i = 0; i < 4; ++i) {
        const auto entry = from_the_copy.next();
        elsewhere->append(entry.input, entry.effects);
    }
    elsewhere->commit();
    elsewhere->sync();
    elsewhere.reset();

    EXPECT_EQ(record::newest_record(file, node), file) << "although the live file is longer";
}

class TakenOver : public Published {
protected:
    void take_over() const {
        testing::write_content(file.string() + ".lock", record::text_of({"elsewhere", 4242, "17"}));
    }
    static auto is_said() { return ThrowsMessage<UserError>(HasSubstr("on host elsewhere has taken over")); }
};

TEST_F(TakenOver, NothingIsPublishedOverTheNewOwnersFile) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, never);
    write(*run, 10);
    take_over();
    EXPECT_THAT([&] { run->sync(); }, is_said());
    EXPECT_THAT([&] { run->close(true); }, is_said());
    EXPECT_EQ(published(), 0U);
}

TEST_F(TakenOver, ACopyThatWasUnderWayIsNotPutUnderTheName) {
    auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, always);
    const auto entry = sample.next();
    run->append(entry.input, entry.effects);
    run->commit();
    const auto copy = run->sync_work();
    take_over();
    EXPECT_THAT(copy, is_said());
    EXPECT_EQ(published(), 0U);
}

TEST_F(TakenOver, AFileWithoutCopiesIsNotReplacedAtTheEnd) {
    auto run = record::RunFileWriter::create(file, testing::sample_header());
    const auto entry = sample.next();
    run->append(entry.input, entry.effects);
    run->commit();
    std::filesystem::copy_file(file, scratch / "kept.h5");
    std::filesystem::remove(file);
    std::filesystem::rename(scratch / "kept.h5", file);  // as a resume elsewhere does
    take_over();
    EXPECT_THAT([&] { run->sync(); }, is_said());
    EXPECT_THAT([&] { run->close(true); }, is_said());
    EXPECT_FALSE(record::RunFileReader(file).finished());
}

TEST_F(Published, AnotherRunsLiveFileIsNotMistakenForIt) {
    auto other = testing::sample_header();
    other.run_id = "feedfeedfeedfeed";
    auto run = record::PublishedRun::create(scratch / "elsewhere.h5", node, other, {}, always);
    write(*run, 10);
    std::filesystem::rename(only_file_of_the_node(), node / ("run.h5." + other.run_id));
    record::RunFileWriter::create(file, testing::sample_header())->close(false);

    EXPECT_EQ(record::newest_record(file, node), file);
}

TEST_F(Published, TwoWritersOfOneNameAreRefused) {
    const auto run = record::PublishedRun::create(file, node, testing::sample_header(), {}, always);
    EXPECT_THAT([&] { record::PublishedRun::append_to(file, scratch / "another node", {}, always); },
                ThrowsMessage<UserError>(HasSubstr("writes to the run file")));
    EXPECT_THAT([&] { record::PublishedRun::create(file, node, testing::sample_header(), {}, always); },
                ThrowsMessage<UserError>(HasSubstr("exists already")));
}

}  // namespace
}  // namespace stemma
