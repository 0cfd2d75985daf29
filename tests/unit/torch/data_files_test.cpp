#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "trainer/torch/csv.hpp"
#include "trainer/torch/idx.hpp"

namespace stemma {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class DataFiles : public testing::Test {
protected:
    std::string write(const std::string& content, const std::string& ending) {
        const auto file = folder_ / ("data" + ending);
        std::ofstream(file, std::ios::binary) << content;
        return file.string();
    }
    std::string write_gzip(const std::string& content) {
        const auto file = (folder_ / "data.gz").string();
        auto* out = gzopen(file.c_str(), "wb");
        EXPECT_EQ(gzwrite(out, content.data(), static_cast<unsigned>(content.size())),
                  static_cast<int>(content.size()));
        gzclose(out);
        return file;
    }
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
};

std::string idx(std::string dimensions, const std::string& content) {
    return std::string("\0\0\x08", 3) + dimensions + content;
}
const std::string two_by_two = idx(std::string("\x02\0\0\0\x02\0\0\0\x02", 9), "abcd");

TEST_F(DataFiles, IdxIsReadGzippedAndPlain) {
    for (const auto& file : {write_gzip(two_by_two), write(two_by_two, ".idx")}) {
        const auto array = read_idx(file, 2);
        EXPECT_THAT(array.shape, ElementsAre(2, 2));
        EXPECT_THAT(array.bytes, ElementsAre('a', 'b', 'c', 'd'));
    }
}

TEST_F(DataFiles, IdxIsCheckedForMagicAndSize) {
    const auto refuses = [&](const std::string& content, const char* text) {
        const auto file = write_gzip(content);
        EXPECT_THAT([&] { read_idx(file, 2); }, ThrowsMessage<UserError>(AllOf(HasSubstr(file), HasSubstr(text))));
    };
    refuses("", "cut short");
    refuses("\x7f" + two_by_two.substr(1), "magic");
    refuses(idx(std::string("\x03\0\0\0\x02\0\0\0\x02", 9), "abcd"), "magic");
    refuses(two_by_two.substr(0, two_by_two.size() - 1), "cut short");
    refuses(two_by_two + "e", "longer");
    refuses(idx(std::string("\x02\xff\xff\xff\xff\xff\xff\xff\xff", 9), "abcd"), "impossible size");
    EXPECT_THAT([&] { read_idx((folder_ / "nothing.gz").string(), 2); },
                ThrowsMessage<UserError>(HasSubstr("cannot be opened")));
}

TEST_F(DataFiles, IdxWithADamagedGzipStreamIsRefused) {
    const auto file = write_gzip(two_by_two);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 6);
    EXPECT_THROW(read_idx(file, 2), UserError);
}

TEST_F(DataFiles, CsvIsRead) {
    const auto table = read_csv(write("a, b ,y\r\n1, 2.5,-3e2\r\n\r\n+4,5,6", ".csv"));
    EXPECT_THAT(table.columns, ElementsAre("a", "b", "y"));
    EXPECT_THAT(table.values, ElementsAre(1, 2.5, -300, 4, 5, 6));
    EXPECT_EQ(table.rows(), 2U);
}

TEST_F(DataFiles, CsvErrorsNameFileLineAndColumn) {
    const auto refuses = [&](const std::string& content, const char* text) {
        const auto file = write(content, ".csv");
        EXPECT_THAT([&] { read_csv(file); }, ThrowsMessage<UserError>(AllOf(HasSubstr(file), HasSubstr(text))));
    };
    refuses("a,b\n1,2\n3,red\n", ":3: \"red\" in column \"b\"");
    refuses("a,b\n1,\n", ":2: \"\" in column \"b\"");
    refuses("a,b\n1,nan\n", ":2: \"nan\"");
    refuses("a,b\n1,2,3\n", ":2: 3 fields, but the header has 2");
    refuses("a,a\n1,2\n", "same name");
    refuses("a,b\n", "no rows");
    EXPECT_THAT([&] { read_csv("nowhere.csv"); }, ThrowsMessage<UserError>(HasSubstr("nowhere.csv cannot be opened")));
}

}  // namespace
}  // namespace stemma
