using Entrepot.Trust.Access;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Somebody who signs in through the provider. No account: what it may do is decided anew at each sign-in.</summary>
/// <param name="Name">As the provider named it last; 1–128 characters of <c>a–z 0–9 . - _ + @ |</c>.</param>
/// <param name="Roles">As of the last sign-in; none when nothing was mapped.</param>
/// <param name="FirstAt">When it signed in for the first time, UTC.</param>
/// <param name="LastAt">When it did last, UTC.</param>
/// <param name="IsDisabled">True when an admin keeps it out.</param>
public sealed record Person(string Name, Role Roles, DateTimeOffset FirstAt, DateTimeOffset LastAt, bool IsDisabled)
{
    /// <summary>What stands before the name in principals and in the journal. No account can be named so, so that neither is taken for the other.</summary>
    public const string Prefix = "oidc:";

    /// <summary>As the journal names it: <c>oidc:NAME</c>.</summary>
    public string Principal => Prefix + Name;

    /// <summary>The name behind the prefix; null for the name of an account.</summary>
    public static string? NameIn(string principal) => principal.StartsWith(Prefix, StringComparison.Ordinal) ? principal[Prefix.Length..] : null;
}
