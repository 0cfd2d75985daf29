// Small snapshots in segments: what was written comes back, through kills, damage, full disks and room given back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "record/segments/segment.hpp"
#include "record/segments/segment_keeper.hpp"
#include "record/segments/segment_reader.hpp"
#include "record/segments/segment_writer.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

using record::SegmentKeeper;
using record::SegmentReader;
using record::SegmentWriter;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// The content of a snapshot follows from its number, so that every test can tell it from others'.
Bytes content_of(SnapshotId snapshot, std::size_t size = 200) {
    Stream stream(snapshot.value, Purpose::test);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(stream());
    return bytes;
}

class Segments : public ::testing::Test {
protected:
    static void write(SegmentWriter& to, std::uint64_t first, std::uint64_t end, std::size_t size = 200) {
        std::vector<Bytes> contents;
        for (auto i = first; i < end; ++i) contents.push_back(content_of({i}, size));
        std::vector<SegmentWriter::Entry> entries;
        for (auto i = first; i < end; ++i)
            entries.push_back({{i}, {i / 2}, static_cast<Resource>(i), contents[i - first]});
        to.append(entries);
    }
    std::vector<std::filesystem::path> files() const { return record::segments_in(folder); }
    std::uint64_t bytes_on_disk() const {
        std::uint64_t all = 0;
        for (const auto& file : files()) all += std::filesystem::file_size(file);
        return all;
    }
    std::vector<std::uint64_t> numbers() const {
        std::vector<std::uint64_t> all;
        for (const auto id : SegmentReader(folder).snapshots()) all.push_back(id.value);
        return all;
    }

    testing::ScratchFolder scratch;
    std::filesystem::path folder = scratch / "run.h5.snapshots";
    SegmentWriter writer{folder};
};

TEST_F(Segments, ComeBackWhoeverWroteThem) {
    SegmentWriter other(folder);
    SegmentReader reader(folder);
    EXPECT_FALSE(reader.read({0})) << "there is no folder yet";
    write(writer, 0, 3);
    write(other, 3, 4);
    write(writer, 4, 6);
    for (std::uint64_t i = 0; i < 6; ++i) EXPECT_EQ(reader.read({i}), content_of({i}));
    write(other, 6, 9);
    EXPECT_EQ(reader.read({7}), content_of({7})) << "written after the last look";
    EXPECT_FALSE(reader.read({9}));
    EXPECT_EQ(files().size(), 2U);
}

TEST_F(Segments, KeepMemberAndResource) {
    write(writer, 5, 6);
    std::size_t seen = 0;
    record::scan_segment(files()[0], 0, [&](const record::SegmentRecord& found) {
        EXPECT_EQ(found.snapshot, SnapshotId{5});
        EXPECT_EQ(found.member, MemberId{2});
        EXPECT_EQ(found.resource, 5);
        ++seen;
    });
    EXPECT_EQ(seen, 1U);
}

TEST_F(Segments, AreOfLimitedSizeAndNeverWrittenOver) {
    write(writer, 0, 5, std::size_t{1} << 20U);
    write(writer, 5, 6);
    EXPECT_EQ(files().size(), 2U);
    SegmentWriter next_start(folder);
    write(next_start, 0, 1);
    EXPECT_EQ(files().size(), 3U) << "a name that is taken gets a number";
    EXPECT_EQ(SegmentReader(folder).read({4}), content_of({4}, std::size_t{1} << 20U));
}

TEST_F(Segments, CutAnywhereTheyKeepWhatIsWhole) {
    write(writer, 0, 4);
    const auto whole = testing::content_of(files()[0]);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        testing::write_content(files()[0], whole.substr(0, size));
        const auto records = size < 16 ? 0 : (size - 16) / 248;
        EXPECT_EQ(numbers().size(), records) << "cut to " << size;
    }
}

TEST_F(Segments, AFlippedBitIsFound) {
    write(writer, 0, 3);
    const auto whole = testing::content_of(files()[0]);
    for (std::size_t place = 0; place < whole.size(); ++place) {
        auto damaged = whole;
        damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
        testing::write_content(files()[0], damaged);
        SegmentReader reader(folder);
        for (std::uint64_t i = 0; i < 3; ++i) {
            try {
                const auto content = reader.read({i});
                EXPECT_TRUE(!content || *content == content_of({i})) << "a flipped bit at " << place;
            } catch (const UserError& error) {
                EXPECT_THAT(error.what(), HasSubstr("trained again"));
            }
        }
    }
}

TEST_F(Segments, AFullDiskCostsTheseSnapshotsAlone) {
    write(writer, 0, 2);
    ::rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const ::rlimit small{600, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT_THAT([&] { write(writer, 2, 5); }, ThrowsMessage<UserError>(HasSubstr("Is the disk full")));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, handler);
    EXPECT_THAT(numbers(), ::testing::ElementsAre(0, 1));
    write(writer, 5, 7);
    EXPECT_THAT(numbers(), ::testing::ElementsAre(0, 1, 5, 6));
}

TEST_F(Segments, AFileThatWasRemovedIsNoticed) {
    write(writer, 0, 2);
    std::filesystem::remove_all(folder);
    EXPECT_THAT([&] { write(writer, 2, 3); }, ThrowsMessage<UserError>(HasSubstr("another program removed it")));
    write(writer, 3, 4);
    EXPECT_THAT(numbers(), ::testing::ElementsAre(3));
}

TEST_F(Segments, AKilledWriterLosesNothingThatItPromised) {
    for (int round = 0; round < 10; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        if (child == 0) {
            SegmentWriter own(folder);
            for (auto i = static_cast<std::uint64_t>(round) * 1'000'000;; i += 7) {
                write(own, i, i + 7);
                const auto durable = i + 7;
                if (::write(ends[1], &durable, sizeof durable) != sizeof durable) ::_exit(3);
            }
        }
        ::close(ends[1]);
        std::uint64_t durable = 0;
        for (int told = 0; told < 20 + round; ++told) ASSERT_EQ(::read(ends[0], &durable, sizeof durable), 8);
        ::usleep(static_cast<useconds_t>(137 * round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(ends[0], &durable, sizeof durable) == 8) {
        }
        ::close(ends[0]);
        SegmentReader reader(folder);
        for (auto i = static_cast<std::uint64_t>(round) * 1'000'000; i < durable; ++i) {
            ASSERT_EQ(reader.read({i}), content_of({i}));
        }
    }
}

TEST_F(Segments, OnesWithoutSnapshotsThatCountAreRemoved) {
    SegmentKeeper keeper(folder);
    write(writer, 0, 5000, 1000);  // more than a segment
    write(writer, 5000, 5001);
    ASSERT_EQ(files().size(), 2U);
    for (std::uint64_t i = 0; i < 5000; ++i) keeper.erase({i});
    for (std::uint64_t i = 6000; i < 7024; ++i) keeper.erase({i});  // never written
    EXPECT_FALSE(std::filesystem::exists(folder / "00000000.segment"));
    keeper.finish();
    EXPECT_THAT(numbers(), ::testing::ElementsAre(5000));
}

TEST_F(Segments, AfterAKillTheNumbersThatAreGivenAgainAreFree) {
    write(writer, 0, 10);
    SegmentKeeper keeper(folder);
    const std::vector<SnapshotId> kept = {{2}, {3}, {4}, {5}, {6}};
    keeper.keep_only(kept, {8});
    EXPECT_THAT(numbers(), ::testing::ElementsAre(2, 3, 4, 5, 6)) << "8 and 9 were written after the last commit";
    SegmentReader reader(folder);
    EXPECT_EQ(reader.read({3}), content_of({3}));
    EXPECT_FALSE(reader.read({8}));
    keeper.keep_only({}, {0});
    EXPECT_TRUE(files().empty());
}

TEST_F(Segments, AtTheEndSparseOnesAreJoined) {
    SegmentKeeper keeper(folder);
    for (std::uint64_t i = 0; i < 20; ++i) {
        SegmentWriter each(folder);
        write(each, 10 * i, 10 * i + 10);
        for (std::uint64_t j = 1; j < 10; ++j) keeper.erase({10 * i + j});
    }
    keeper.finish();
    EXPECT_EQ(files().size(), 1U);
    EXPECT_EQ(numbers().size(), 20U);
    EXPECT_EQ(SegmentReader(folder).read({70}), content_of({70}));
}

/// Several writers, snapshots that are erased in any order, and a reader that was there all the time.
TEST_F(Segments, RoomIsBoundedAndNothingThatCountsIsLost) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE(seed);
        Stream draw(seed, Purpose::test);
        const auto own = scratch / std::to_string(seed);
        std::vector<SegmentWriter> writers;
        for (int i = 0; i < 3; ++i) writers.emplace_back(own);
        SegmentKeeper keeper(own);
        SegmentReader reader(own);
        std::map<std::uint64_t, std::size_t> counts;  // bytes by number
        std::uint64_t next = 0;
        for (int round = 0; round < 200; ++round) {
            const auto amount = 1 + draw() % 30;
            const auto size = 100 + draw() % 5000;
            write(writers[draw() % 3], next, next + amount, size);
            for (std::uint64_t i = 0; i < amount; ++i) counts[next++] = size;
            while (counts.size() > 300) {
                // The oldest ones go first, but for one in eight.
                auto gone = counts.begin();
                std::advance(gone, draw() % 8 == 0 ? draw() % counts.size() : draw() % 20);
                keeper.erase({gone->first});
                counts.erase(gone);
            }
            const auto some = std::next(counts.begin(), static_cast<std::ptrdiff_t>(draw() % counts.size()));
            ASSERT_EQ(reader.read({some->first}), content_of({some->first}, some->second));
        }
        std::uint64_t counting = 0;
        for (const auto& [number, size] : counts) {
            counting += size + record::record_head_bytes;
            ASSERT_EQ(reader.read({number}), content_of({number}, size));
        }
        std::uint64_t on_disk = 0;
        for (const auto& file : record::segments_in(own)) on_disk += std::filesystem::file_size(file);
        // Up to 1,023 erased ones wait. Four writers have a segment at hand, the keeper's own one included.
        EXPECT_LT(on_disk, 4 * counting + 1023 * 5148 + 4 * (record::segment_bytes + 30 * 5148));
        keeper.finish();
        on_disk = 0;
        for (const auto& file : record::segments_in(own)) on_disk += std::filesystem::file_size(file);
        EXPECT_LE(on_disk, 4 * counting);
        for (const auto& [number, size] : counts)
            ASSERT_EQ(SegmentReader(own).read({number}), content_of({number}, size));
    }
}

/// The format: docs/snapshot-files.md.
TEST_F(Segments, StayReadable) {
    const auto golden = std::filesystem::path(STEMMA_TEST_DATA) / "golden/snapshots_v1.segment";
    write(writer, 3, 6, 20);
    EXPECT_EQ(testing::content_of(files()[0]), testing::content_of(golden));
    std::filesystem::copy_file(golden, folder / "00000000.segment");
    EXPECT_EQ(SegmentReader(folder).read({4}), content_of({4}, 20));
}

}  // namespace
}  // namespace stemma
