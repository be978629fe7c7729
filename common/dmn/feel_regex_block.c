#include "feel_regex_block.h"

#include <stddef.h>
#include <string.h>

/* X(name, first, last). Some names changed after XML Schema took them over: both are known. */
#define BLOCK_ROWS(X)                                           \
    X("BasicLatin", 0x0000, 0x007F)                             \
    X("Latin-1Supplement", 0x0080, 0x00FF)                      \
    X("LatinExtended-A", 0x0100, 0x017F)                        \
    X("LatinExtended-B", 0x0180, 0x024F)                        \
    X("IPAExtensions", 0x0250, 0x02AF)                          \
    X("SpacingModifierLetters", 0x02B0, 0x02FF)                 \
    X("CombiningDiacriticalMarks", 0x0300, 0x036F)              \
    X("Greek", 0x0370, 0x03FF)                                  \
    X("GreekandCoptic", 0x0370, 0x03FF)                         \
    X("Cyrillic", 0x0400, 0x04FF)                               \
    X("CyrillicSupplement", 0x0500, 0x052F)                     \
    X("Armenian", 0x0530, 0x058F)                               \
    X("Hebrew", 0x0590, 0x05FF)                                 \
    X("Arabic", 0x0600, 0x06FF)                                 \
    X("Syriac", 0x0700, 0x074F)                                 \
    X("Thaana", 0x0780, 0x07BF)                                 \
    X("Devanagari", 0x0900, 0x097F)                             \
    X("Bengali", 0x0980, 0x09FF)                                \
    X("Gurmukhi", 0x0A00, 0x0A7F)                               \
    X("Gujarati", 0x0A80, 0x0AFF)                               \
    X("Oriya", 0x0B00, 0x0B7F)                                  \
    X("Tamil", 0x0B80, 0x0BFF)                                  \
    X("Telugu", 0x0C00, 0x0C7F)                                 \
    X("Kannada", 0x0C80, 0x0CFF)                                \
    X("Malayalam", 0x0D00, 0x0D7F)                              \
    X("Sinhala", 0x0D80, 0x0DFF)                                \
    X("Thai", 0x0E00, 0x0E7F)                                   \
    X("Lao", 0x0E80, 0x0EFF)                                    \
    X("Tibetan", 0x0F00, 0x0FFF)                                \
    X("Myanmar", 0x1000, 0x109F)                                \
    X("Georgian", 0x10A0, 0x10FF)                               \
    X("HangulJamo", 0x1100, 0x11FF)                             \
    X("Ethiopic", 0x1200, 0x137F)                               \
    X("Cherokee", 0x13A0, 0x13FF)                               \
    X("UnifiedCanadianAboriginalSyllabics", 0x1400, 0x167F)     \
    X("Ogham", 0x1680, 0x169F)                                  \
    X("Runic", 0x16A0, 0x16FF)                                  \
    X("Khmer", 0x1780, 0x17FF)                                  \
    X("Mongolian", 0x1800, 0x18AF)                              \
    X("LatinExtendedAdditional", 0x1E00, 0x1EFF)                \
    X("GreekExtended", 0x1F00, 0x1FFF)                          \
    X("GeneralPunctuation", 0x2000, 0x206F)                     \
    X("SuperscriptsandSubscripts", 0x2070, 0x209F)              \
    X("CurrencySymbols", 0x20A0, 0x20CF)                        \
    X("CombiningMarksforSymbols", 0x20D0, 0x20FF)               \
    X("CombiningDiacriticalMarksforSymbols", 0x20D0, 0x20FF)    \
    X("LetterlikeSymbols", 0x2100, 0x214F)                      \
    X("NumberForms", 0x2150, 0x218F)                            \
    X("Arrows", 0x2190, 0x21FF)                                 \
    X("MathematicalOperators", 0x2200, 0x22FF)                  \
    X("MiscellaneousTechnical", 0x2300, 0x23FF)                 \
    X("ControlPictures", 0x2400, 0x243F)                        \
    X("OpticalCharacterRecognition", 0x2440, 0x245F)            \
    X("EnclosedAlphanumerics", 0x2460, 0x24FF)                  \
    X("BoxDrawing", 0x2500, 0x257F)                             \
    X("BlockElements", 0x2580, 0x259F)                          \
    X("GeometricShapes", 0x25A0, 0x25FF)                        \
    X("MiscellaneousSymbols", 0x2600, 0x26FF)                   \
    X("Dingbats", 0x2700, 0x27BF)                               \
    X("BraillePatterns", 0x2800, 0x28FF)                        \
    X("CJKRadicalsSupplement", 0x2E80, 0x2EFF)                  \
    X("KangxiRadicals", 0x2F00, 0x2FDF)                         \
    X("IdeographicDescriptionCharacters", 0x2FF0, 0x2FFF)       \
    X("CJKSymbolsandPunctuation", 0x3000, 0x303F)               \
    X("Hiragana", 0x3040, 0x309F)                               \
    X("Katakana", 0x30A0, 0x30FF)                               \
    X("Bopomofo", 0x3100, 0x312F)                               \
    X("HangulCompatibilityJamo", 0x3130, 0x318F)                \
    X("Kanbun", 0x3190, 0x319F)                                 \
    X("BopomofoExtended", 0x31A0, 0x31BF)                       \
    X("EnclosedCJKLettersandMonths", 0x3200, 0x32FF)            \
    X("CJKCompatibility", 0x3300, 0x33FF)                       \
    X("CJKUnifiedIdeographsExtensionA", 0x3400, 0x4DBF)         \
    X("CJKUnifiedIdeographs", 0x4E00, 0x9FFF)                   \
    X("YiSyllables", 0xA000, 0xA48F)                            \
    X("YiRadicals", 0xA490, 0xA4CF)                             \
    X("HangulSyllables", 0xAC00, 0xD7AF)                        \
    X("PrivateUse", 0xE000, 0xF8FF)                             \
    X("PrivateUseArea", 0xE000, 0xF8FF)                         \
    X("CJKCompatibilityIdeographs", 0xF900, 0xFAFF)             \
    X("AlphabeticPresentationForms", 0xFB00, 0xFB4F)            \
    X("ArabicPresentationForms-A", 0xFB50, 0xFDFF)              \
    X("CombiningHalfMarks", 0xFE20, 0xFE2F)                     \
    X("CJKCompatibilityForms", 0xFE30, 0xFE4F)                  \
    X("SmallFormVariants", 0xFE50, 0xFE6F)                      \
    X("ArabicPresentationForms-B", 0xFE70, 0xFEFF)              \
    X("HalfwidthandFullwidthForms", 0xFF00, 0xFFEF)             \
    X("Specials", 0xFFF0, 0xFFFF)                               \
    X("OldItalic", 0x10300, 0x1032F)                            \
    X("Gothic", 0x10330, 0x1034F)                               \
    X("Deseret", 0x10400, 0x1044F)                              \
    X("ByzantineMusicalSymbols", 0x1D000, 0x1D0FF)              \
    X("MusicalSymbols", 0x1D100, 0x1D1FF)                       \
    X("MathematicalAlphanumericSymbols", 0x1D400, 0x1D7FF)      \
    X("CJKUnifiedIdeographsExtensionB", 0x20000, 0x2A6DF)       \
    X("CJKCompatibilityIdeographsSupplement", 0x2F800, 0x2FA1F) \
    X("Tags", 0xE0000, 0xE007F)

static const struct {
    const char *name;
    uint32_t first;
    uint32_t last;
} blocks[] = {
#define X(name, first, last) {name, first, last},
    BLOCK_ROWS(X)
#undef X
};

bool feel_regex_block(struct feel_text name, uint32_t *first, uint32_t *last)
{
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (feel_text_is(name, feel_text(blocks[i].name))) {
            *first = blocks[i].first;
            *last = blocks[i].last;
            return true;
        }
    return false;
}

bool feel_regex_category(struct feel_text name)
{
    static const struct {
        char major;
        const char *minors;
    } categories[] = {{'L', "ultmo"}, {'M', "nce"},  {'N', "dlo"}, {'P', "cdseifo"},
                      {'Z', "slp"},   {'S', "mcko"}, {'C', "cfon"}};
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (name.size > 0 && name.bytes[0] == categories[i].major)
            return name.size == 1 || (name.size == 2 && memchr(categories[i].minors, name.bytes[1],
                                                               strlen(categories[i].minors)));
    return false;
}
