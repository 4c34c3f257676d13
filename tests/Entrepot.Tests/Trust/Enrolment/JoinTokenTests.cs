using Entrepot.Core.Faults;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Tests.Trust.Enrolment;

public sealed class JoinTokenTests
{
    private static readonly string Authority = new('a', 64);

    [Fact]
    public void A_token_is_read_as_it_was_made_and_shows_its_secret_to_nobody_by_chance()
    {
        var token = JoinToken.Create(Authority);
        var read = JoinToken.Parse($" {token.Reveal()}\n");

        read.Hash.ShouldBe(token.Hash);
        read.Authority.ShouldBe(Authority);
        token.Reveal().ShouldStartWith(JoinToken.Prefix);
        token.ToString().ShouldBe("ejt1.…");
        JoinToken.Create(Authority).Hash.ShouldNotBe(token.Hash);
    }

    [Theory]
    [InlineData('A', true)]
    [InlineData('B', false)]  // bits that stand for nothing, which once ended in an exception
    [InlineData('!', false)]
    [InlineData(' ', false)]
    public void A_last_character_with_stray_bits_is_no_token(char last, bool expected)
    {
        var same = new string('A', 42);
        JoinToken.TryParse($"{JoinToken.Prefix}{same}{last}.{same}A", out _).ShouldBe(expected);
        JoinToken.TryParse($"{JoinToken.Prefix}{same}A.{same}{last}", out _).ShouldBe(expected);
    }

    [Fact]
    public void Every_prefix_and_every_other_character_is_refused_or_another_token()
    {
        var token = JoinToken.Create(Authority);
        var text = token.Reveal();
        for (var length = 0; length < text.Length; length++)
            JoinToken.TryParse(text[..length], out _).ShouldBeFalse();
        for (var at = 0; at < text.Length; at++)
        {
            var changed = text.ToCharArray();
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            if (JoinToken.TryParse(new string(changed), out var other))
                (other.Authority == token.Authority && other.Hash.AsSpan().SequenceEqual(token.Hash)).ShouldBeFalse($"character {at}");
        }

        JoinToken.TryParse(null, out _).ShouldBeFalse();
        var fault = Should.Throw<FaultException>(() => JoinToken.Parse(text + "x")).Fault;
        fault.Is(EnrolmentFault.Malformed).ShouldBeTrue();
        fault.Message.ShouldNotContain(text[5..20]);
    }
}
