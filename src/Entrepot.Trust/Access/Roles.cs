using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Access;

/// <summary>Roles as people write them: <c>viewer</c>, <c>publisher</c>.</summary>
public static class Roles
{
    /// <summary>Every role that is given to people and tokens. A node's is proven by its certificate alone.</summary>
    public const Role Grantable = Role.Viewer | Role.Publisher | Role.Operator | Role.Approver | Role.Auditor | Role.Admin;

    /// <summary>The words of <see cref="Grantable"/>, in order.</summary>
    public static IReadOnlyList<string> Words { get; } = WordsOf(Grantable);

    /// <summary>The words of the roles that a set holds, in order.</summary>
    public static IReadOnlyList<string> WordsOf(Role roles)
        => [.. Enum.GetValues<Role>().Where(role => role != Role.None && roles.HasFlag(role)).Select(static role => role.ToString().ToLowerInvariant())];

    /// <summary>Reads one word.</summary>
    /// <returns>False for a word that names no role, or one that is not given to people and tokens.</returns>
    public static bool TryParse(string? word, out Role role)
    {
        role = Role.None;
        // Enum.TryParse alone would take numbers, lists and other cases.
        return word is not null && Words.Contains(word, StringComparer.Ordinal) && Enum.TryParse(word, ignoreCase: true, out role);
    }

    /// <summary>Reads words into one set.</summary>
    /// <returns>False when there is none, or one names no role that can be given; <paramref name="fault"/> then names it.</returns>
    public static bool TryParse(IReadOnlyCollection<string> words, out Role roles, [NotNullWhen(false)] out Fault? fault)
    {
        (roles, fault) = (Role.None, null);
        foreach (var word in words)
        {
            if (!TryParse(word, out var role))
            {
                fault = Fault.Of(
                    AccessFault.Role, FaultKind.Invalid,
                    Suggestion.For(word, Words) is { } near ? $"'{word}' is no role that can be given; did you mean '{near}'?" : $"'{word}' is no role that can be given.",
                    $"Roles are {string.Join(", ", Words)}.");
                return false;
            }

            roles |= role;
        }

        if (roles == Role.None)
            fault = Fault.Of(AccessFault.Role, FaultKind.Invalid, "No role is named.", $"Roles are {string.Join(", ", Words)}.");
        return fault is null;
    }
}
