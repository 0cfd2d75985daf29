#include "record/hdf5/snapshot_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "record/hdf5/run_file.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"

namespace stemma {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Bytes noise(std::size_t size, std::uint64_t seed) {
    Stream stream(seed, Purpose::test);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(stream());
    return bytes;
}

/// Every type, odd names, no elements, no dimensions, and an order that is not alphabetical.
Snapshot sample() {
    Snapshot snapshot;
    snapshot.add("model/conv1.weight", DType::f32, {2, 3, 4}, noise(96, 1));
    snapshot.add("rng", DType::u8, {16}, noise(16, 2));
    snapshot.add("model/bn.num", DType::i64, {}, noise(8, 3));
    snapshot.add("a", DType::f16, {3}, noise(6, 4));
    snapshot.add("a/b", DType::bf16, {2, 2}, noise(8, 5));
    snapshot.add("empty", DType::f64, {0, 5}, {});
    snapshot.add("mask", DType::boolean, {4}, Bytes{std::byte{1}, std::byte{0}, std::byte{1}, std::byte{1}});
    snapshot.add("/odd//näme/..", DType::i32, {1}, noise(4, 6));
    snapshot.add("step", DType::f64, {1}, noise(8, 7));
    return snapshot;
}

TEST(SnapshotFile, ComesBackBitForBit) {
    const testing::ScratchFolder folder;
    const auto path = (folder / "1.h5").string();
    const auto snapshot = sample();
    record::write_snapshot_file(path, snapshot, {"0011", {7}, 42});
    EXPECT_EQ(record::read_snapshot_file(path).encode(), snapshot.encode());
    const auto attributes = record::read_snapshot_attributes(path);
    EXPECT_EQ(attributes.run_id, "0011");
    EXPECT_EQ(attributes.member, MemberId{7});
    EXPECT_EQ(attributes.resource, 42);
    EXPECT_FALSE(std::filesystem::exists(path + ".writing"));
}

TEST(SnapshotFile, AnEmptyOneComesBack) {
    const testing::ScratchFolder folder;
    const auto path = (folder / "1.h5").string();
    record::write_snapshot_file(path, Snapshot{}, {"", {0}, 0});
    EXPECT_TRUE(record::read_snapshot_file(path).arrays().empty());
}

TEST(SnapshotFile, DamageIsFound) {
    const testing::ScratchFolder folder;
    const auto path = (folder / "1.h5").string();
    const auto snapshot = sample();
    record::write_snapshot_file(path, snapshot, {"0011", {7}, 42});
    const auto whole = testing::content_of(path);
    Stream stream(3, Purpose::test);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
        auto damaged = whole;
        const auto at = stream.below(damaged.size());
        if (i % 3 == 0) damaged.resize(at);
        if (i % 3 != 0) damaged[at] = static_cast<char>(damaged[at] ^ (1 << stream.below(8)));
        testing::write_content(path, damaged);
        try {
            EXPECT_EQ(record::read_snapshot_file(path).encode(), snapshot.encode());
        } catch (const UserError& error) {
            EXPECT_THAT(error.what(), HasSubstr(path));
            ++refused;
        }
    }
    EXPECT_GT(refused, 90);
}

TEST(SnapshotFile, WhatIsMissingOrElsewhereIsNamed) {
    EXPECT_THAT([] { record::read_snapshot_file("/nowhere/1.h5"); },
                ThrowsMessage<UserError>(HasSubstr("/nowhere/1.h5")));
    EXPECT_THAT([] { record::write_snapshot_file("/nowhere/1.h5", Snapshot{}, {}); },
                ThrowsMessage<UserError>(HasSubstr("/nowhere/1.h5")));
}

TEST(SnapshotFile, ThreadsWriteWhileARunIsRecorded) {
    const testing::ScratchFolder folder;
    const auto snapshot = sample();
    const auto writer = record::RunFileWriter::create(folder / "run.h5", testing::sample_header());
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20; ++i) {
                const auto path = (folder / (std::to_string(thread) + ".h5")).string();
                record::write_snapshot_file(path, snapshot, {"", {0}, i});
                EXPECT_EQ(record::read_snapshot_file(path).encode(), snapshot.encode());
            }
        });
    }
    testing::SampleRun run;
    for (int i = 0; i < 400; ++i) {
        const auto entry = run.next();
        writer->append(entry.input, entry.effects);
        writer->commit();
    }
    threads.clear();
    EXPECT_EQ(record::RunFileReader(folder / "run.h5").inputs(), 400U);
}

}  // namespace
}  // namespace stemma
