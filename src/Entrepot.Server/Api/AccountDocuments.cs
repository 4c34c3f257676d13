using System.Text.Json.Serialization;

namespace Entrepot.Server.Api;

/// <summary>Somebody who signs in here, as <c>/v1/users</c> shows it.</summary>
/// <param name="Name">1–63 characters of <c>a–z 0–9 -</c>.</param>
/// <param name="Roles">What it is to the network.</param>
/// <param name="State"><c>active</c>, <c>invited</c>, <c>locked</c> or <c>disabled</c>.</param>
/// <param name="CreatedAt">When, UTC.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="InvitedUntil">Until when its invitation can be accepted, UTC; null when none is open.</param>
/// <param name="LockedUntil">Until when attempts to sign in are refused, UTC, or null.</param>
/// <param name="RecoveryCodes">Recovery codes that are left.</param>
public sealed record UserDocument(
    string Name, IReadOnlyList<string> Roles, string State, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? InvitedUntil, DateTimeOffset? LockedUntil,
    int RecoveryCodes);

/// <summary>Invites somebody, or somebody again who lost password or second factor.</summary>
/// <param name="Name">1–63 characters of <c>a–z 0–9 -</c>.</param>
/// <param name="Roles">What it is to be; null leaves an account that is there as it is.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record InviteUserRequest([property: JsonRequired] string Name, IReadOnlyList<string>? Roles = null);

/// <summary>An invitation. Its text is told this once.</summary>
/// <param name="Invitation">What the invited person enters.</param>
/// <param name="User">The account.</param>
public sealed record InvitationDocument(string Invitation, UserDocument User);

/// <summary>Changes an account; what is null stays as it is.</summary>
/// <param name="Roles">What it is to be.</param>
/// <param name="Disabled">True keeps it out and ends its sessions.</param>
/// <param name="Unlock">True forgets wrong attempts to sign in.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UpdateUserRequest(IReadOnlyList<string>? Roles = null, bool? Disabled = null, bool? Unlock = null);

/// <summary>Accepts an invitation.</summary>
/// <param name="Invitation">Its text.</param>
/// <param name="Password">12–256 characters.</param>
/// <param name="SecondFactor">The key that the authenticator app was given: 20 bytes or more, as base64.</param>
/// <param name="Code">A code that the app shows for it.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AcceptInvitationRequest(
    [property: JsonRequired] string Invitation, [property: JsonRequired] string Password, [property: JsonRequired] byte[] SecondFactor, [property: JsonRequired] string Code);

/// <summary>An accepted invitation.</summary>
/// <param name="User">The account.</param>
/// <param name="RecoveryCodes">Each stands for a code of the app once; told this once.</param>
public sealed record AcceptedDocument(UserDocument User, IReadOnlyList<string> RecoveryCodes);

/// <summary>Signs in.</summary>
/// <param name="User">The account's name.</param>
/// <param name="Password">Its password.</param>
/// <param name="Code">A code of the app, or a recovery code.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SignInRequest([property: JsonRequired] string User, [property: JsonRequired] string Password, [property: JsonRequired] string Code);

/// <summary>Who somebody is to this network.</summary>
/// <param name="Name">As the journal names it; empty for nobody in particular.</param>
/// <param name="Roles">What it may be.</param>
public sealed record SessionDocument(string Name, IReadOnlyList<string> Roles)
{
    /// <summary>What to send as <c>Authorization: Bearer</c>; only in the answer that begins the session.</summary>
    public string? Session { get; init; }

    /// <summary>When it ends at the latest, UTC; only as above.</summary>
    public DateTimeOffset? Ends { get; init; }
}

/// <summary>How people sign in here.</summary>
/// <param name="Password">True: with an account of this network, by password and second factor.</param>
/// <param name="OpenIdConnect">Through the organisation's provider; null where there is none.</param>
public sealed record SignInMethodsDocument(bool Password, SignInProviderDocument? OpenIdConnect);

/// <summary>The organisation's provider.</summary>
/// <param name="Label">How people call it.</param>
/// <param name="Issuer">Its identifier.</param>
/// <param name="Url">Where a browser begins.</param>
public sealed record SignInProviderDocument(string Label, string Issuer, string Url);

/// <summary>A command that waits to be signed in by a browser.</summary>
/// <param name="Handle">By what it asks for its session; nobody else may know it.</param>
/// <param name="Code">What the person compares: <c>XXXX-XXXX</c>.</param>
/// <param name="Url">What the person opens, in any browser on any machine.</param>
/// <param name="Ends">Until when, UTC.</param>
/// <param name="Interval">Seconds between two questions whether it is done.</param>
public sealed record CommandSignInDocument(string Handle, string Code, string Url, DateTimeOffset Ends, int Interval);

/// <summary>Asks whether a command is signed in.</summary>
/// <param name="Handle">As it was given.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CollectSessionRequest([property: JsonRequired] string Handle);
