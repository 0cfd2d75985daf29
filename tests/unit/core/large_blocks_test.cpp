#include "core/large_blocks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "core/bytes.hpp"
#include "core/page_lock.hpp"

namespace stemma {
namespace {

class LargeBlocks : public ::testing::Test {
protected:
    void SetUp() override { drop_kept_large_blocks(); }
    void TearDown() override { drop_kept_large_blocks(); }
};

TEST_F(LargeBlocks, SmallOnesAreNotKept) {
    { const Bytes bytes(large_block_bytes - 1); }
    EXPECT_EQ(kept_large_blocks().blocks, 0U);
}

TEST_F(LargeBlocks, TheNextOfAboutThatSizeGetsTheMemoryBack) {
    const std::byte* before = nullptr;
    {
        const Bytes bytes(large_block_bytes + 100);
        before = bytes.data();
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(before) % (std::uintptr_t{2} << 20U), 0U);
    }
    EXPECT_EQ(kept_large_blocks().blocks, 1U);
    EXPECT_GE(kept_large_blocks().bytes, large_block_bytes + 100);
    const Bytes other(2 * large_block_bytes);
    EXPECT_EQ(kept_large_blocks().blocks, 1U) << "another size";
    const Bytes again(large_block_bytes + 7);
    EXPECT_EQ(again.data(), before);
    EXPECT_EQ(kept_large_blocks().blocks, 0U);
    EXPECT_EQ(kept_large_blocks().bytes, 0U);
}

TEST_F(LargeBlocks, NoMoreThanTheBoundsIsKept) {
    std::vector<Bytes> many;
    for (std::size_t i = 0; i < 3 * kept_blocks_max; ++i) many.emplace_back(large_block_bytes);
    many.clear();
    EXPECT_EQ(kept_large_blocks().blocks, kept_blocks_max);
    // Untouched memory: this costs address space only.
    for (int i = 0; i < 3; ++i) many.emplace_back(kept_bytes_max / 2);
    many.clear();
    EXPECT_EQ(kept_large_blocks().blocks, 2U);
    EXPECT_EQ(kept_large_blocks().bytes, kept_bytes_max);
    { const Bytes one(kept_bytes_max + 1); }
    EXPECT_EQ(kept_large_blocks().blocks, 1U) << "one of any size";
    { const Bytes small(large_block_bytes); }
    EXPECT_EQ(kept_large_blocks().blocks, 1U);
    EXPECT_EQ(kept_large_blocks().bytes, large_block_bytes);
}

TEST_F(LargeBlocks, ContentSurvivesGrowthAndReuse) {
    for (int round = 0; round < 3; ++round) {
        Bytes bytes;
        for (std::size_t i = 0; bytes.size() < 3 * large_block_bytes; ++i) {
            append(bytes, Bytes(100'000, static_cast<std::byte>(i)));
        }
        for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
            ASSERT_EQ(bytes[at], static_cast<std::byte>(at / 100'000));
        }
    }
}

TEST_F(LargeBlocks, ZerosAreThereWhenAskedFor) {
    { const Bytes dirty(large_block_bytes, std::byte{0xAB}); }
    Bytes bytes(large_block_bytes, std::byte{0});
    bytes.resize(large_block_bytes / 2);
    bytes.resize(large_block_bytes, std::byte{0});
    EXPECT_TRUE(bytes == Bytes(large_block_bytes, std::byte{0}));
}

TEST_F(LargeBlocks, FreedByAnotherThread) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            const auto mark = static_cast<std::byte>(t + 1);
            for (int round = 0; round < 200; ++round) {
                Bytes bytes(large_block_bytes + static_cast<std::size_t>(round % 3) * large_block_bytes);
                bytes.front() = bytes.back() = mark;
                std::this_thread::yield();
                ASSERT_EQ(bytes.front(), mark);
                ASSERT_EQ(bytes.back(), mark);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LE(kept_large_blocks().blocks, kept_blocks_max);
}

/// Records what a device was asked to lock and unlock.
struct Device {
    std::vector<void*> locked;
    std::vector<void*> unlocked;
    bool refuses = false;
};
Device device;

class LockedBlocks : public LargeBlocks {
protected:
    void SetUp() override {
        LargeBlocks::SetUp();
        device = {};
        lock_large_blocks({[](void* block, std::size_t) noexcept {
                               if (!device.refuses) device.locked.push_back(block);
                               return !device.refuses;
                           },
                           [](void* block) noexcept { device.unlocked.push_back(block); }});
    }
    void TearDown() override {
        lock_large_blocks({});
        LargeBlocks::TearDown();
    }
};

TEST_F(LockedBlocks, AreLockedOnceAndUnlockedWhenTheyGoBackToTheSystem) {
    const void* memory = nullptr;
    for (int round = 0; round < 3; ++round) {
        const Bytes bytes(large_block_bytes + 100);
        memory = bytes.data();
        EXPECT_EQ(locked_large_blocks().blocks, 1U);
        EXPECT_GE(locked_large_blocks().bytes, large_block_bytes + 100);
    }
    EXPECT_EQ(device.locked.size(), 1U);
    EXPECT_EQ(device.locked.front(), memory);
    EXPECT_TRUE(device.unlocked.empty());
    drop_kept_large_blocks();
    EXPECT_EQ(device.unlocked, device.locked);
    EXPECT_EQ(locked_large_blocks().blocks, 0U);
}

TEST_F(LockedBlocks, KeepTheirContentWhileTheyAreKept) {
    // The kernel may take the pages of other kept blocks back, and give zeroed ones.
    std::byte* memory = nullptr;
    {
        Bytes bytes(large_block_bytes, std::byte{7});
        memory = bytes.data();
    }
    const Bytes again(large_block_bytes);
    ASSERT_EQ(again.data(), memory);
    EXPECT_EQ(again.front(), std::byte{7});
    EXPECT_EQ(again.back(), std::byte{7});
}

TEST_F(LockedBlocks, WhatTheDeviceRefusesIsOrdinaryMemory) {
    device.refuses = true;
    { const Bytes bytes(large_block_bytes); }
    EXPECT_EQ(locked_large_blocks().blocks, 0U);
    drop_kept_large_blocks();
    EXPECT_TRUE(device.unlocked.empty());
}

TEST_F(LockedBlocks, SmallOnesAndEarlierOnesAreLeftAlone) {
    lock_large_blocks({});
    Bytes early(large_block_bytes);
    lock_large_blocks({[](void* block, std::size_t) noexcept {
                           device.locked.push_back(block);
                           return true;
                       },
                       [](void* block) noexcept { device.unlocked.push_back(block); }});
    const Bytes small(large_block_bytes - 1);
    EXPECT_TRUE(device.locked.empty());
    early = Bytes();
    drop_kept_large_blocks();
    EXPECT_TRUE(device.unlocked.empty());
}

}  // namespace
}  // namespace stemma
