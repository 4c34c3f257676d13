namespace Entrepot.Trust.Accounts;

/// <summary>Why somebody can't sign in, or an account can't be made or changed.</summary>
public enum AccountFault
{
    /// <summary>The name can't be an account's.</summary>
    Name,

    /// <summary>There is no such account.</summary>
    NotFound,

    /// <summary>The network has as many accounts as it can have.</summary>
    TooMany,

    /// <summary>The password is too short, too long or too easily guessed.</summary>
    Password,

    /// <summary>The invitation is not known, was used, or its time is over.</summary>
    Invitation,

    /// <summary>The key of the second factor is no key, or the code is not of it.</summary>
    SecondFactor,

    /// <summary>Name, password and code do not belong together. Which of them is wrong is not told.</summary>
    Credentials,

    /// <summary>The code was used already.</summary>
    Replayed,

    /// <summary>Too many wrong attempts in a row.</summary>
    Locked,

    /// <summary>The account is disabled, or its invitation was not accepted yet.</summary>
    Inactive,

    /// <summary>As many people are signing in at this moment as can.</summary>
    Busy,
}
