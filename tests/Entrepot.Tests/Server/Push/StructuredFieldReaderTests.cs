using Entrepot.Server.Push;

namespace Entrepot.Tests.Server.Push;

public sealed class StructuredFieldReaderTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("42", 42L)]
    [InlineData(" 42 ", 42L)]
    [InlineData("-1", -1L)]
    [InlineData("999999999999999", 999_999_999_999_999L)]
    [InlineData("7;unit=bytes;x", 7L)]
    public void An_integer_is_read(string text, long value)
    {
        new StructuredFieldReader(text).TryReadItem(out var item).ShouldBeTrue();
        item.Integer.ShouldBe(value);
    }

    [Theory]
    [InlineData("?1", true)]
    [InlineData("?0", false)]
    public void A_boolean_is_read(string text, bool value)
    {
        new StructuredFieldReader(text).TryReadItem(out var item).ShouldBeTrue();
        item.Boolean.ShouldBe(value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1000000000000000")]
    [InlineData("1 2")]
    [InlineData("1,2")]
    [InlineData("+1")]
    [InlineData("1.")]
    [InlineData("1.2345")]
    [InlineData("1234567890123.1")]
    [InlineData("?2")]
    [InlineData("?")]
    [InlineData("\"open")]
    [InlineData("\"bad \\n escape\"")]
    [InlineData(":AAA")]
    [InlineData("%\"%zz\"")]
    [InlineData("@1.5")]
    [InlineData("1;A=2")]
    [InlineData("(1 2)")]
    public void What_the_grammar_does_not_allow_is_refused(string text)
        => new StructuredFieldReader(text).TryReadItem(out _).ShouldBeFalse();

    [Theory]
    [InlineData("1.5")]
    [InlineData("token/x")]
    [InlineData("\"text \\\" more\"")]
    [InlineData("@1659578233")]
    [InlineData("%\"f%c3%bc\"")]
    public void Other_kinds_are_well_formed_but_carry_nothing_that_is_used(string text)
    {
        new StructuredFieldReader(text).TryReadItem(out var item).ShouldBeTrue();
        item.ShouldBe(default);
    }

    [Fact]
    public void The_last_of_equal_keys_counts()
    {
        var members = new Dictionary<string, StructuredItem>();

        new StructuredFieldReader("a=1, b, a=2;p=?0,\tc=(1 \"x\")").TryReadDictionary(members).ShouldBeTrue();

        members.Keys.ShouldBe(["a", "b", "c"]);
        members["a"].Integer.ShouldBe(2);
        members["b"].Boolean.ShouldBe(true);
    }

    [Theory]
    [InlineData("a=1,")]
    [InlineData("a=1 b=2")]
    [InlineData("A=1")]
    [InlineData("a=(1")]
    [InlineData("a=(1\"x\")")]
    [InlineData(",")]
    public void A_dictionary_that_is_malformed_is_refused_whole(string text)
        => new StructuredFieldReader(text).TryReadDictionary([]).ShouldBeFalse();
}
