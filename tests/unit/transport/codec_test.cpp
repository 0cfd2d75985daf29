#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/messages.hpp"
#include "unit/transport/message_samples.hpp"

namespace stemma {
namespace {

using testing::MessageSampler;

constexpr message::FrameContext context{0x1122334455667788U, 42};

template <class Message>
Bytes frame_of(const Message& message, message::FrameContext c = context) {
    Bytes out;
    encode(message, c, out);
    return out;
}

std::string error_of(Bytes frame, std::uint64_t run_id = context.run_id) {
    std::span<const std::byte> in(frame);
    message::FrameContext c{run_id, 0};
    try {
        decode_to_worker(in, c);
    } catch (const DecodeError& error) {
        return error.what();
    }
    return "";
}

TEST(Codec, EveryMessageComesBackEqual) {
    Stream stream(1, Purpose::test);
    MessageSampler sampler(stream);
    for (int i = 0; i < 2000; ++i) {
        const auto down = sampler.to_worker();
        const auto up = sampler.to_manager();
        const auto down_frame = frame_of(down);
        const auto up_frame = frame_of(up);
        std::span<const std::byte> down_in(down_frame);
        std::span<const std::byte> up_in(up_frame);
        message::FrameContext c{context.run_id, 0};

        const auto down_again = decode_to_worker(down_in, c);
        const auto up_again = decode_to_manager(up_in, c);

        EXPECT_EQ(c.sequence, context.sequence);
        EXPECT_TRUE(down_in.empty());
        EXPECT_EQ(down_again.index(), down.index());
        EXPECT_EQ(up_again.index(), up.index());
        ASSERT_EQ(frame_of(down_again), down_frame);
        ASSERT_EQ(frame_of(up_again), up_frame);
    }
}

TEST(Codec, FieldsKeepTheirPlaces) {
    message::Train grant;
    grant.lease = {1};
    grant.member = {2};
    grant.start = message::StartFrom::peer;
    grant.owner = {3};
    grant.transfer = {4};
    grant.max = 81;
    grant.configuration = {Inactive{}, 0.5, std::int64_t{-7}, Choice{9}};
    grant.retried = true;
    grant.parent_configuration = {0.25, Inactive{}, std::int64_t{7}, Choice{1}};
    const auto frame = frame_of(message::ToWorker(grant));
    std::span<const std::byte> in(frame);
    message::FrameContext c{context.run_id, 0};
    const auto again = std::get<message::Train>(decode_to_worker(in, c));

    EXPECT_EQ(again.lease, grant.lease);
    EXPECT_EQ(again.member, grant.member);
    EXPECT_EQ(again.start, grant.start);
    EXPECT_EQ(again.owner, grant.owner);
    EXPECT_EQ(again.transfer, grant.transfer);
    EXPECT_EQ(again.max, grant.max);
    EXPECT_EQ(again.configuration, grant.configuration);
    EXPECT_EQ(again.parent_configuration, grant.parent_configuration);
    EXPECT_EQ(again.retried, grant.retried);
}

// The layout on the wire: a change here needs a new protocol_version.
TEST(Codec, HeaderIsAsDocumented) {
    const auto frame = frame_of(message::ToWorker(message::Cancel{{5}}));
    const auto number = [&](std::size_t offset, std::size_t bytes) {
        std::uint64_t value = 0;
        std::memcpy(&value, frame.data() + offset, bytes);
        return value;
    };

    EXPECT_EQ(frame.size(), message::frame_header_bytes + 8);
    EXPECT_EQ(std::memcmp(frame.data(), "STMA", 4), 0);
    EXPECT_EQ(number(4, 2), message::protocol_version);
    EXPECT_EQ(number(6, 2), 6U) << "kind of CancelLease";
    EXPECT_EQ(number(8, 8), context.sequence);
    EXPECT_EQ(number(16, 8), context.run_id);
    EXPECT_EQ(number(24, 4), 8U) << "length of the body";
    EXPECT_EQ(number(6, 2) | 0x8000U, 0x8006U);
    EXPECT_EQ(number(48, 8), 5U);
}

TEST(Codec, SaysWhatIsWrongWithAFrame) {
    using ::testing::HasSubstr;
    const auto good = frame_of(message::ToWorker(message::Cancel{{5}}));
    const auto changed = [&](std::size_t offset) {
        auto frame = good;
        frame[offset] ^= std::byte{0x40};
        return frame;
    };

    EXPECT_EQ(error_of(good), "");
    EXPECT_THAT(error_of(changed(0)), HasSubstr("magic"));
    EXPECT_THAT(error_of(changed(4)), HasSubstr("same program"));
    EXPECT_THAT(error_of(changed(6)), HasSubstr("checksum of the header"));
    EXPECT_THAT(error_of(changed(33)), HasSubstr("reserved"));
    EXPECT_THAT(error_of(changed(50)), HasSubstr("checksum of the body"));
    EXPECT_THAT(error_of(good, 1), HasSubstr("belongs to run"));
    EXPECT_THAT(error_of(Bytes(good.begin(), good.begin() + 20)), HasSubstr("too few"));
    EXPECT_THAT(error_of(Bytes(good.begin(), good.end() - 1)), HasSubstr("beyond the end"));
    EXPECT_THAT(error_of(frame_of(message::ToManager(message::Goodbye{}))), HasSubstr("direction"));
}

TEST(Codec, FramesFollowEachOther) {
    Bytes block;
    encode(message::ToWorker(message::Cancel{{1}}), {context.run_id, 0}, block);
    encode(message::ToWorker(message::Drop{{2}}), {context.run_id, 1}, block);
    std::span<const std::byte> in(block);
    message::FrameContext c{context.run_id, 0};

    EXPECT_EQ(std::get<message::Cancel>(decode_to_worker(in, c)).lease, LeaseId{1});
    EXPECT_EQ(std::get<message::Drop>(decode_to_worker(in, c)).snapshot, SnapshotId{2});
    EXPECT_EQ(c.sequence, 1U);
    EXPECT_TRUE(in.empty());
}

}  // namespace
}  // namespace stemma
