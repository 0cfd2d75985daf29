#pragma once
// Small data sets in the files that the loaders read: made here, so that tests need nothing from outside.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace stemma::test {

/// A folder that goes with the process.
class SmallData {
public:
    static const std::filesystem::path& folder() {
        static const SmallData data;
        return data.folder_;
    }
    SmallData(const SmallData&) = delete;
    SmallData& operator=(const SmallData&) = delete;

private:
    SmallData() : folder_(std::filesystem::path(testing::TempDir()) / ("small_data_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~SmallData() { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

/// Numbers without a pattern, the same each time.
class Numbers {
public:
    std::uint32_t below(std::uint32_t limit) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>(state_ >> 33U) % limit;
    }

private:
    std::uint64_t state_ = 1;
};

/// One of CIFAR-10's records: what class it is can be seen from the mean colors, and from where the bright half lies.
inline std::string cifar_record(unsigned label, Numbers& numbers) {
    std::string record(1, static_cast<char>(label));
    for (unsigned channel = 0; channel < 3; ++channel) {
        for (unsigned row = 0; row < 32; ++row) {
            const bool bright = (row < 16) == (label % 2 == 0) && channel == label % 3;
            for (unsigned column = 0; column < 32; ++column)
                record += static_cast<char>((bright ? 140 : 20) + label * 5 + numbers.below(60));
        }
    }
    return record;
}

/// data_batch_1.bin .. data_batch_5.bin and test_batch.bin with so many images each.
inline void write_cifar(const std::filesystem::path& folder, unsigned images) {
    std::filesystem::create_directories(folder);
    Numbers numbers;
    for (const auto* name :
         {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
        std::ofstream out(folder / (std::string(name) + ".bin"), std::ios::binary);
        for (unsigned image = 0; image < images; ++image) out << cifar_record((image * 7 + 3) % 10, numbers);
    }
}

/// Sentences of three words on lines: what may follow a word is known from the word before it.
inline std::string small_text(unsigned lines) {
    const std::vector<std::string> who = {"dogs", "cats", "birds", "fish"}, what = {"eat", "see", "like"},
                                   whom = {"bread", "water", "light"};
    Numbers numbers;
    std::string text;
    for (unsigned line = 0; line < lines; ++line)
        text += who[numbers.below(4)] + " " + what[numbers.below(3)] + " " + whom[numbers.below(3)] + "\n";
    return text;
}

inline std::string cifar_folder() {
    static const auto folder = [] {
        auto made = SmallData::folder() / "cifar";
        write_cifar(made, 20);
        return made.string();
    }();
    return folder;
}

inline std::string text_file() {
    static const auto file = [] {
        auto made = SmallData::folder() / "small.txt";
        std::ofstream(made) << small_text(300);
        return made.string();
    }();
    return file;
}

/// The Penn Treebank's three files.
inline std::string treebank_folder() {
    static const auto folder = [] {
        auto made = SmallData::folder() / "ptb";
        std::filesystem::create_directories(made);
        for (const auto& [name, lines] : {std::pair{"train", 300U}, {"valid", 60U}, {"test", 40U}})
            std::ofstream(made / ("ptb." + std::string(name) + ".txt")) << small_text(lines);
        return made.string();
    }();
    return folder;
}

}  // namespace stemma::test
