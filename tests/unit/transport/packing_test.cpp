#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "transport/loopback.hpp"
#include "transport/packing.hpp"

namespace stemma {
namespace {

TEST(Packing, ManyMessagesTravelAsFewBlocksAndComeOutInOrder) {
    constexpr std::uint64_t messages = 10'000;
    auto endpoints = make_loopback(2);
    FramePacker packer(*endpoints[0], 1, 7);
    for (std::uint64_t i = 0; i < messages; ++i) packer.add(message::ToWorker(message::Cancel{{i}}));
    packer.flush();

    FrameUnpacker unpacker(7);
    std::uint64_t next = 0;
    std::size_t blocks = 0;
    while (auto arrival = endpoints[1]->poll()) {
        ++blocks;
        const auto& block = std::get<FramesArrived>(*arrival).frames;
        EXPECT_LE(block.size(), message::frame_bytes_max);
        for (std::span<const std::byte> rest(block); !rest.empty();) {
            ASSERT_EQ(std::get<message::Cancel>(unpacker.next_to_worker(rest)).lease, LeaseId{next++});
        }
    }
    EXPECT_EQ(next, messages);
    EXPECT_EQ(blocks, 3U) << "56 bytes a message, 256 KiB a block";
    EXPECT_TRUE(packer.empty());
}

TEST(Packing, AGapInTheSequenceIsFound) {
    Bytes block;
    encode(message::ToManager(message::Goodbye{}), {7, 0}, block);
    encode(message::ToManager(message::Goodbye{}), {7, 2}, block);
    FrameUnpacker unpacker(7);
    std::span<const std::byte> rest(block);
    unpacker.next_to_manager(rest);

    EXPECT_ERROR(unpacker.next_to_manager(rest), DecodeError, "number 2 came where 1 was expected");
}

}  // namespace
}  // namespace stemma
