// kill -9 of a process that writes, at random moments: every entry whose commit returned is there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/hdf5/run_file.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

using testing::bytes_of;

/// The child: appends from the end of the file, for ever. Writes the number of committed inputs to the pipe after each
/// commit.
[[noreturn]] void write_for_ever(const std::filesystem::path& file, int pipe) {
    try {
        auto writer = std::filesystem::exists(file) ? record::RunFileWriter::append_to(file)
                                                    : record::RunFileWriter::create(file, testing::sample_header());
        testing::SampleRun run;
        for (std::uint64_t i = 0; i < writer->inputs(); ++i) run.next();
        for (std::uint64_t number = 0;; ++number) {
            for (std::uint64_t i = 0; i <= number % 100; ++i) {
                const auto entry = run.next();
                writer->append(entry.input, entry.effects);
            }
            writer->commit();
            const auto committed = writer->inputs();
            if (::write(pipe, &committed, sizeof committed) != sizeof committed) ::_exit(3);
        }
    } catch (const std::exception& error) {
        static_cast<void>(!::write(STDERR_FILENO, error.what(), std::string_view(error.what()).size()));
        ::_exit(4);
    }
}

std::uint64_t count_whole(const std::filesystem::path& file) {
    record::RunFileReader reader(file);
    testing::SampleRun run;
    std::uint64_t seen = 0;
    reader.entries([&](const record::Entry& entry) {
        EXPECT_EQ(bytes_of(entry), bytes_of(run.next()));
        ++seen;
    });
    EXPECT_EQ(seen, reader.inputs());
    return seen;
}

/// Lets a child write until it has reported `told` commits, and kills it `delay` microseconds later. Returns the last
/// reported number.
std::uint64_t kill_after(const std::filesystem::path& file, std::uint64_t told, std::uint64_t delay) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        write_for_ever(file, ends[1]);
    }
    ::close(ends[1]);
    std::uint64_t committed = 0;
    for (std::uint64_t i = 0; i < told; ++i) {
        if (::read(ends[0], &committed, sizeof committed) != sizeof committed) break;
    }
    ::usleep(static_cast<useconds_t>(delay));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    while (::read(ends[0], &committed, sizeof committed) == sizeof committed) {
    }
    ::close(ends[0]);
    return committed;
}

TEST(Kill, NoCommittedEntryIsLostAndTheRunGoesOn) {
    const testing::ScratchFolder folder;
    const auto file = folder / "run.h5";
    Stream stream(5, Purpose::test);
    std::uint64_t before = 0;
    for (int kill = 0; kill < 30; ++kill) {
        // Without waiting for a commit it dies while it starts: creating the file, or copying the old file.
        const auto told = kill % 3 == 0 ? 0 : 1 + stream.below(60);
        const auto committed = kill_after(file, told, stream.below(20'000));
        if (!std::filesystem::exists(file)) continue;
        const auto whole = count_whole(file);
        EXPECT_GE(whole, committed) << "kill " << kill;
        EXPECT_GE(whole, before) << "kill " << kill;
        before = whole;
    }
    EXPECT_GT(before, 1000U);
    record::RunFileWriter::append_to(file)->close(true);
    EXPECT_EQ(count_whole(file), before);
}

TEST(Kill, ReadersInAnotherProcessKeepUpWithAWriter) {
    const testing::ScratchFolder folder;
    const auto file = folder / "run.h5";
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    // A full pipe makes the writer wait: it is never more than 512 commits ahead of a slow reader.
    ASSERT_GT(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
    const auto child = ::fork();
    if (child == 0) write_for_ever(file, ends[1]);
    ::close(ends[1]);
    std::uint64_t before = 0;
    for (int round = 0; round < 30; ++round) {
        std::uint64_t committed = 0;
        for (int i = 0; i < 5; ++i) ASSERT_EQ(::read(ends[0], &committed, sizeof committed), sizeof committed);
        const auto whole = count_whole(file);
        EXPECT_GE(whole, committed);
        EXPECT_GE(whole, before);
        before = whole;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
}

}  // namespace
}  // namespace stemma
