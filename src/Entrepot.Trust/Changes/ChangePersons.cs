using Entrepot.Core.Journal;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Trust.Changes;

/// <summary>Whom a principal may be. Pure.</summary>
public static class ChangePersons
{
    /// <summary>The names of everybody whom it may be: an account's name, that of a token or certificate, that of whoever had it made, and so on.</summary>
    /// <param name="principal">As the journal names it, without an address.</param>
    /// <param name="issuerOf">Who had the token or certificate of a principal made, as the journal names it; null when it has none, or that is not known.</param>
    public static IReadOnlySet<string> Of(string principal, Func<string, string?> issuerOf)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        // To the end, however long: else one could hide behind credentials that make credentials. They are kept in limited number, and none counts twice.
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (principal.Length > 0 && seen.Add(principal))
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
