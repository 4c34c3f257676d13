using Entrepot.Core.Journal;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Trust.Changes;

/// <summary>Whom a principal may be. Pure.</summary>
public static class ChangePersons
{
    /// <summary>Longest chain of credentials that made credentials; the rest of a longer one is not looked at.</summary>
    private const int MaxIssuers = 16;

    /// <summary>The names of everybody whom it may be: an account's name, that of a token or certificate, that of whoever had it made, and so on.</summary>
    /// <param name="principal">As the journal names it, without an address.</param>
    /// <param name="issuerOf">Who had the token or certificate of a principal made, as the journal names it; null when it has none, or that is not known.</param>
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
            if (issuerOf(principal) is not { } issuer)
                break;
            principal = JournalActor.Parse(issuer).Who;
        }

        return names;
    }
}
