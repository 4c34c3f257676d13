using Entrepot.Core.Journal;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Trust.Changes;

/// <summary>Whom a principal may be. Pure.</summary>
public static class ChangePersons
{
    /// <summary>Longest chain of tokens that made tokens; the rest of a longer one is not looked at.</summary>
    private const int MaxIssuers = 16;

    private const string Token = "token:";

    /// <summary>The names of everybody whom it may be: an account's name, the token's, that of whoever had the token made, and so on.</summary>
    /// <param name="principal">As the journal names it, without an address.</param>
    /// <param name="issuerOf">Who had a token of a name made, as the journal names it; null when that is not known.</param>
    public static IReadOnlySet<string> Of(string principal, Func<string, string?> issuerOf)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < MaxIssuers && principal.Length > 0; i++)
        {
            var name = principal[(principal.IndexOf(':', StringComparison.Ordinal) + 1)..];
            names.Add(name);
            // A provider may name people by their mail addresses.
            if (Person.NameIn(principal) is { } known)
                names.Add(known.Split('@')[0]);
            if (!principal.StartsWith(Token, StringComparison.Ordinal) || issuerOf(name) is not { } issuer)
                break;
            principal = JournalActor.Parse(issuer).Who;
        }

        return names;
    }
}
