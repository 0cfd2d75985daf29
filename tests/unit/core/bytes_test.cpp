#include "core/bytes.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

enum class Color : std::uint8_t { red = 1, blue = 9 };

Bytes sample() {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(std::int64_t{-5});
    out.put(0.1);
    out.put(Color::blue);
    out.put(MemberId{42});
    out.put(std::string("snapshot"));
    out.put(std::vector<std::string>{"a", "", "bc"});
    out.put(std::vector<double>{1, 2});
    return bytes;
}

void read_sample(ByteReader& in) {
    EXPECT_EQ(in.get<std::int64_t>(), -5);
    EXPECT_EQ(in.get<double>(), 0.1);
    EXPECT_EQ(in.get<Color>(), Color::blue);
    EXPECT_EQ(in.get<MemberId>(), MemberId{42});
    EXPECT_EQ(in.get<std::string>(), "snapshot");
    EXPECT_EQ(in.get<std::vector<std::string>>(), (std::vector<std::string>{"a", "", "bc"}));
    EXPECT_EQ(in.get<std::vector<double>>(), (std::vector<double>{1, 2}));
}

TEST(Bytes, ReadsBackWhatWasWritten) {
    const auto bytes = sample();
    ByteReader in(bytes);
    read_sample(in);
    EXPECT_EQ(in.left(), 0U);
    EXPECT_NO_THROW(in.expect_end());
}

TEST(Bytes, IsLittleEndianWithoutPadding) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(std::uint8_t{1});
    out.put(std::uint32_t{0x01020304});
    const Bytes expected = {std::byte{1}, std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}};
    EXPECT_EQ(bytes, expected);
}

TEST(Bytes, EveryCutIsFound) {
    const auto bytes = sample();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ByteReader in(std::span<const std::byte>(bytes).first(size));
        EXPECT_ERROR(read_sample(in), DecodeError, "decode: ") << "cut to " << size << " bytes";
    }
}

TEST(Bytes, ALengthBeyondTheEndAllocatesNothing) {
    Bytes bytes;
    ByteWriter(bytes).put(std::uint32_t{0xffffffff});
    EXPECT_ERROR(ByteReader(bytes).get<std::string>(), DecodeError, "a length of 4294967295 is beyond the end");
    EXPECT_ERROR(ByteReader(bytes).get<std::vector<double>>(), DecodeError, "a length of 4294967295 is beyond the end");
    EXPECT_ERROR(ByteReader(bytes).get<std::vector<std::string>>(), DecodeError,
                 "a length of 4294967295 is beyond the end");
}

TEST(Bytes, LeftoverBytesAreAnError) {
    const Bytes bytes(3, std::byte{0});
    ByteReader in(bytes);
    in.get<std::uint8_t>();
    EXPECT_EQ(in.left(), 2U);
    EXPECT_ERROR(in.expect_end(), DecodeError, "2 bytes too many");
}

}  // namespace
}  // namespace stemma
