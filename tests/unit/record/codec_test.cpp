#include <gtest/gtest.h>

#include <algorithm>

#include "record_samples.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

Bytes encoded(const Input& input) {
    Bytes bytes;
    record::encode(input, bytes);
    return bytes;
}

TEST(RecordCodec, EveryInputAndEffectComesBackBitForBit) {
    testing::RecordSampler sampler(1);
    std::vector<int> inputs(std::variant_size_v<input::Body>);
    std::vector<int> effects(std::variant_size_v<Effect>);
    for (std::uint64_t i = 0; i < 5000; ++i) {
        const auto input = sampler.input(i);
        ++inputs[input.body.index()];
        const auto again = record::decode_input(encoded(input));
        EXPECT_EQ(again.sequence, i);
        EXPECT_EQ(again.body.index(), input.body.index());
        EXPECT_EQ(encoded(again), encoded(input));

        const auto effect = sampler.effect();
        ++effects[effect.index()];
        Bytes bytes;
        record::encode(effect, bytes);
        ByteReader reader(bytes);
        const auto same = record::decode_effect(reader);
        EXPECT_EQ(reader.left(), 0U);
        Bytes twice;
        record::encode(same, twice);
        EXPECT_EQ(twice, bytes);
    }
    EXPECT_EQ(std::count(inputs.begin(), inputs.end(), 0), 0);
    EXPECT_EQ(std::count(effects.begin(), effects.end(), 0), 0);
}

TEST(RecordCodec, ValuesAreKept) {
    const Input input{7, 1.5, input::Failure{{2}, {3}, FailureKind::device, "c10::Error", "größer 日本", 4, 0.25}};
    const auto failed = std::get<input::Failure>(record::decode_input(encoded(input)).body);
    EXPECT_EQ(failed.worker, WorkerId{2});
    EXPECT_EQ(failed.lease, LeaseId{3});
    EXPECT_EQ(failed.kind, FailureKind::device);
    EXPECT_EQ(failed.message, "größer 日本");
    EXPECT_EQ(failed.reached, 4);
    EXPECT_EQ(failed.seconds, 0.25);
}

TEST(RecordCodec, ATailIsAbsentInWhatAnOlderProgramWrote) {
    const auto decoded = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return record::decode_effect(reader);
    };
    Bytes older, present;
    record::encode(effect::Born{.member = {4}, .configuration = {0.5}}, older);
    record::encode(effect::Born{.member = {4}, .configuration = {0.5}, .place = BirthPlace{{3}, {}}}, present);
    EXPECT_EQ(present.size(), older.size() + 16);
    EXPECT_FALSE(std::get<effect::Born>(decoded(older)).place);
    const auto place = std::get<effect::Born>(decoded(present)).place;
    ASSERT_TRUE(place);
    EXPECT_EQ(place->replaced, MemberId{3});
    EXPECT_FALSE(place->bracket.exists());
    present.pop_back();
    EXPECT_THROW(decoded(present), DecodeError) << "a part of a tail";
}

TEST(RecordCodec, TheBytesOfVersionOneAreThese) {
    // A change here makes every run file unreadable: raise run_file_version and keep reading the old version.
    const Bytes bytes = encoded({1, 2.0, input::TransferDone{{3}}});
    const std::vector<unsigned> expected = {1, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                            0, 0, 0x40, 7, 3, 0, 0, 0, 0, 0, 0, 0};
    ASSERT_EQ(bytes.size(), expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(std::to_integer<unsigned>(bytes[i]), expected[i]) << i;
}

TEST(RecordCodec, RefusesWhatIsNoInput) {
    auto bytes = encoded({1, 2.0, input::StopRequested{StopReason::user}});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_ERROR(record::decode_input(std::span(bytes).first(size)), DecodeError, "decode: ") << size;
    }
    auto unknown_kind = bytes;
    unknown_kind[16] = std::byte{200};
    EXPECT_ERROR(record::decode_input(unknown_kind), DecodeError,
                 "kind 200 is unknown; the record is of a newer program");
    auto unknown_reason = bytes;
    unknown_reason[17] = std::byte{9};
    EXPECT_ERROR(record::decode_input(unknown_reason), DecodeError, "unknown enumeration value 9");
    bytes.push_back(std::byte{0});
    EXPECT_ERROR(record::decode_input(bytes), DecodeError, "1 bytes too many");
}

}  // namespace
}  // namespace stemma
