using System.Net;

namespace Entrepot.Core.Journal;

/// <summary>Who did something, and from where.</summary>
/// <param name="Who"><c>user:NAME</c>, <c>oidc:NAME</c>, <c>token:NAME</c>, <c>node:NAME</c>, <c>system:LOOP</c>, or <c>operator</c> for somebody unnamed.</param>
/// <param name="From">An IP address, or <c>uid:NUMBER</c> of this machine; empty for what the node does itself.</param>
public readonly record struct JournalActor(string Who, string From)
{
    private const string LocalUser = "uid:";

    /// <summary>Reads <c>WHO@FROM</c> or <c>WHO</c>. What follows the last '@' belongs to the name unless it is an address or a
    /// <c>uid:NUMBER</c>: people sign in by names such as <c>user:ann@example.org</c>.</summary>
    public static JournalActor Parse(string actor)
    {
        var at = actor.LastIndexOf('@');
        if (at < 0)
            return new JournalActor(actor, "");
        var from = actor.AsSpan(at + 1);
        return from.IsEmpty || from.StartsWith(LocalUser, StringComparison.Ordinal) || IsAddress(from)
            ? new JournalActor(actor[..at], from.ToString())
            : new JournalActor(actor, "");
    }

    /// <summary>True for an address written out; IPAddress alone also takes "1".</summary>
    internal static bool IsAddress(ReadOnlySpan<char> text)
        => (text.Contains(':') || text.Count('.') == 3) && IPAddress.TryParse(text, out _);

    /// <inheritdoc/>
    public override string ToString() => From.Length == 0 ? Who : $"{Who}@{From}";
}
