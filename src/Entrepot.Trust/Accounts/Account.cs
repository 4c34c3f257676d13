using Entrepot.Trust.Access;

namespace Entrepot.Trust.Accounts;

/// <summary>Somebody who signs in here with a password and a second factor.</summary>
/// <param name="Name">1–63 characters, as a node is named.</param>
/// <param name="Roles">What it is to the network.</param>
/// <param name="CreatedAt">When, UTC.</param>
/// <param name="CreatedBy">By whom, as in the journal.</param>
public sealed record Account(string Name, Role Roles, DateTimeOffset CreatedAt, string CreatedBy)
{
    /// <summary>True when nobody may sign in with it.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>True once its invitation was accepted.</summary>
    public bool IsActive { get; init; }

    /// <summary>Until when its invitation can be accepted, UTC; null when none is open.</summary>
    public DateTimeOffset? InvitedUntil { get; init; }

    /// <summary>How the attempts to sign in went.</summary>
    public SignInHistory History { get; init; } = new(0, 0, null);

    /// <summary>Recovery codes that are left.</summary>
    public int RecoveryCodes { get; init; }
}

/// <summary>What is to be changed of an account; what is null stays as it is.</summary>
/// <param name="Roles">What it is to the network.</param>
/// <param name="Disabled">True keeps it out.</param>
/// <param name="Unlock">True forgets wrong attempts to sign in.</param>
public sealed record AccountChange(Role? Roles = null, bool? Disabled = null, bool Unlock = false)
{
    /// <summary>What the journal calls it: by its name what is one thing, <c>user.change</c> what is several.</summary>
    internal string Action => this switch
    {
        { Roles: not null, Disabled: null, Unlock: false } => "user.roles",
        { Roles: null, Disabled: { } disabled, Unlock: false } => disabled ? "user.disable" : "user.enable",
        { Roles: null, Disabled: null, Unlock: true } => "user.unlock",
        _ => "user.change",
    };
}

/// <summary>What of the attempts to sign in matters for the next one.</summary>
/// <param name="Failures">Wrong ones in a row.</param>
/// <param name="LastStep">Time step of the last one-time password that was taken.</param>
/// <param name="LockedUntil">Until when every attempt is refused, UTC; null when none is.</param>
public sealed record SignInHistory(int Failures, long LastStep, DateTimeOffset? LockedUntil);

/// <summary>What was shown by an attempt to sign in.</summary>
/// <param name="Password">True for the right password.</param>
/// <param name="Step">Time step of the one-time password; null when it is none.</param>
/// <param name="Recovery">True for a recovery code that is left.</param>
public readonly record struct SignInAttempt(bool Password, long? Step, bool Recovery);

/// <summary>How an attempt ends.</summary>
public enum SignInOutcome
{
    /// <summary>Signed in.</summary>
    Done,

    /// <summary>Something of it is wrong.</summary>
    Wrong,

    /// <summary>It would be right, but its one-time password was taken already, or is older than one that was.</summary>
    Replayed,

    /// <summary>Refused unseen, as too many before were wrong.</summary>
    Locked,
}

/// <summary>Decides about attempts to sign in. Pure.</summary>
public static class SignInRules
{
    /// <summary>Wrong attempts in a row after which the account is locked (PCI DSS 8.3.4: not more than ten).</summary>
    public const int MaxFailures = 10;

    /// <summary>For how long it is locked (PCI DSS 8.3.4: at least 30 minutes).</summary>
    public static readonly TimeSpan LockTime = TimeSpan.FromMinutes(30);

    /// <summary>Decides.</summary>
    public static (SignInOutcome Outcome, SignInHistory Next) Judge(SignInHistory history, SignInAttempt attempt, DateTimeOffset now)
    {
        if (history.LockedUntil is { } until && now < until)
            return (SignInOutcome.Locked, history);
        var unlocked = history with { LockedUntil = null, Failures = history.LockedUntil is null ? history.Failures : 0 };
        var isReplay = attempt is { Recovery: false, Step: { } step } && step <= history.LastStep;
        if (attempt.Password && !isReplay && (attempt.Recovery || attempt.Step is not null))
            return (SignInOutcome.Done, new SignInHistory(0, attempt.Recovery ? history.LastStep : attempt.Step!.Value, null));
        var failures = unlocked.Failures + 1;
        var next = unlocked with { Failures = failures, LockedUntil = failures >= MaxFailures ? now + LockTime : null };
        return (attempt.Password && isReplay ? SignInOutcome.Replayed : SignInOutcome.Wrong, next);
    }
}
