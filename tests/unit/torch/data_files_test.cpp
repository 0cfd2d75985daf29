#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "trainer/torch/data/cifar.hpp"
#include "trainer/torch/data/csv.hpp"
#include "trainer/torch/data/idx.hpp"
#include "trainer/torch/data/text.hpp"
#include "trainer/torch/torch_trainer.hpp"
#include "unit/torch/small_data.hpp"

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
    EXPECT_ERROR(read_idx(file, 2), UserError, "cut short");
}

TEST_F(DataFiles, CsvIsRead) {
    const auto table = read_csv(write("a, b ,y\r\n1, 2.5,-3e2\r\n\r\n+4,5,6", ".csv"));
    EXPECT_THAT(table.columns, ElementsAre("a", "b", "y"));
    EXPECT_THAT(table.values, ElementsAre(1, 2.5, -300, 4, 5, 6));
    EXPECT_EQ(table.rows(), 2U);
}

TEST_F(DataFiles, CsvMayBeginWithAByteOrderMark) {
    EXPECT_THAT(read_csv(write("\xEF\xBB\xBF"
                               "a,b\n1,2\n",
                               ".csv"))
                    .columns,
                ElementsAre("a", "b"));
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
    refuses("1.5,2\n1,2\n", ":1: the first line must name the columns");
    EXPECT_THAT([&] { read_csv("nowhere.csv"); }, ThrowsMessage<UserError>(HasSubstr("nowhere.csv cannot be opened")));
}

TEST_F(DataFiles, TablesAreReadWhenAJobIsChecked) {
    TorchSettings settings;
    settings.data = "csv";
    const auto rows = [](int count) {
        std::string text = "a,price\n";
        for (int i = 0; i < count; ++i) text += "1,2\n";
        return text;
    };
    settings.path = write(rows(40), ".csv");
    EXPECT_NO_THROW(check_torch_data(settings));
    const auto refuses = [&](const char* text) {
        EXPECT_THAT([&] { check_torch_data(settings); },
                    ThrowsMessage<UserError>(AllOf(HasSubstr(settings.path), HasSubstr(text))));
    };
    settings.target = "prise";
    refuses("did you mean \"price\"");
    settings.target = "";
    settings.path = write(rows(2), ".csv");
    refuses("rows");
    settings.path = write("1,2\n3,4\n", ".csv");
    refuses("must name the columns");
    settings.path = write(rows(40) + "1,red\n", ".csv");
    refuses("\"red\" in column \"price\"");
    settings.path = (folder_ / "nowhere.csv").string();
    refuses("does not exist");
}

TEST_F(DataFiles, CifarIsRead) {
    test::Numbers numbers;
    const auto first = test::cifar_record(9, numbers), second = test::cifar_record(0, numbers);
    const auto images = read_cifar(write(first + second, ".bin"));
    EXPECT_THAT(images.labels, ElementsAre(9, 0));
    ASSERT_EQ(images.pixels.size(), 2U * 3072);
    EXPECT_EQ(images.pixels[0], static_cast<std::uint8_t>(first[1]));
    EXPECT_EQ(images.pixels[3071], static_cast<std::uint8_t>(first[3072]));
    EXPECT_EQ(images.pixels[3072 + 1024], static_cast<std::uint8_t>(second[1 + 1024]));
}

TEST_F(DataFiles, CifarErrorsNameFileAndRemedy) {
    const auto refuses = [&](const std::string& content, const std::string& text) {
        const auto file = write(content, ".bin");
        EXPECT_THAT([&] { read_cifar(file); },
                    ThrowsMessage<UserError>(AllOf(HasSubstr(file), HasSubstr(text), HasSubstr("cifar-10-binary"))));
    };
    test::Numbers numbers;
    const auto record = test::cifar_record(3, numbers);
    refuses("", "has 0 bytes");
    refuses(record.substr(1), "has 3072 bytes");
    refuses(record + record + "\x01", "no whole number of records of 3073");
    refuses(record + "\x0a" + record.substr(1), "label 10 in record 1");
    refuses(record + "\xff" + record.substr(1), "label 255 in record 1");
    EXPECT_THAT([&] { read_cifar((folder_ / "nothing.bin").string()); },
                ThrowsMessage<UserError>(HasSubstr("nothing.bin cannot be opened")));
    EXPECT_THAT([&] { read_cifar(folder_.string()); }, ThrowsMessage<UserError>(HasSubstr("cannot be opened")));
}

TEST_F(DataFiles, TextIsReadAsWordsAndEndsOfLines) {
    Lexicon lexicon;
    const auto first = lexicon.read(write("the cat\tsees the  dog\r\n\nthe end", ".txt"));
    EXPECT_THAT(lexicon.words(), ElementsAre("the", "cat", "sees", "dog", "<eos>", "end"));
    EXPECT_THAT(first, ElementsAre(0, 1, 2, 0, 3, 4, 4, 0, 5, 4));
    EXPECT_THAT(lexicon.read(write("dog eats\n", ".txt")), ElementsAre(3, 6, 4));
}

TEST_F(DataFiles, AVocabularyKeepsTheMostFrequentWords) {
    Lexicon lexicon;
    const auto training = lexicon.read(write("b a c <unk> a b\nd\n", ".txt"));
    const auto other = lexicon.read(write("e a\n", ".txt"));

    const auto all = make_vocabulary(lexicon, training, 100);
    EXPECT_THAT(all.words, ElementsAre("<unk>", "b", "a", "<eos>", "c", "d"));  // of equal ones, the first to come
    EXPECT_THAT(all.translated(training), ElementsAre(1, 2, 4, 0, 2, 1, 3, 5, 3));
    EXPECT_THAT(all.translated(other), ElementsAre(0, 2, 3)) << "words that training does not have are unknown";

    const auto three = make_vocabulary(lexicon, training, 3);
    EXPECT_THAT(three.words, ElementsAre("<unk>", "b", "a"));
    EXPECT_THAT(three.translated(training), ElementsAre(1, 2, 0, 0, 2, 1, 0, 0, 0));
}

TEST_F(DataFiles, WhatIsNoTextIsRefused) {
    const auto refuses = [&](const std::string& content, const char* text) {
        const auto file = write(content, ".txt");
        EXPECT_THAT([&] { Lexicon().read(file); }, ThrowsMessage<UserError>(AllOf(HasSubstr(file), HasSubstr(text))));
    };
    refuses("", "has no words");
    refuses("\n \n", "has no words");
    refuses(std::string("PK\0\3", 4), "zero bytes");
    EXPECT_THAT([&] { Lexicon().read("nowhere.txt"); },
                ThrowsMessage<UserError>(HasSubstr("nowhere.txt cannot be read")));
}

}  // namespace
}  // namespace stemma
