using Entrepot.Trust.Access;

namespace Entrepot.Tests.Trust.Access;

public sealed class RolesTests
{
    [Fact]
    public void Words_are_read_back()
    {
        foreach (var word in Roles.Words)
        {
            Roles.TryParse(word, out var role).ShouldBeTrue();
            Roles.WordsOf(role).ShouldBe([word]);
        }

        Roles.TryParse(Roles.Words, out var all, out _).ShouldBeTrue();
        all.ShouldBe(Roles.Grantable);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("none")]
    [InlineData("Admin")]
    [InlineData("1")]
    [InlineData("")]
    [InlineData(null)]
    public void Other_words_are_no_roles(string? word) => Roles.TryParse(word, out _).ShouldBeFalse();

    [Fact]
    public void A_near_word_is_suggested()
    {
        Roles.TryParse(["publishr"], out _, out var fault).ShouldBeFalse();
        fault!.Message.ShouldContain("did you mean 'publisher'");
        Roles.TryParse([], out _, out fault).ShouldBeFalse();
        fault!.Is(AccessFault.Role).ShouldBeTrue();
    }
}
