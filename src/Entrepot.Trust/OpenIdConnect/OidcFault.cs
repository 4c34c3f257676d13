namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Why a sign-in through the organisation's provider does not succeed.</summary>
public enum OidcFault
{
    /// <summary>No provider is configured here.</summary>
    NotConfigured,

    /// <summary>The provider can't be reached, does not answer in time, or answers something that is none of the protocol's answers.</summary>
    Provider,

    /// <summary>The provider did not let the person in.</summary>
    Denied,

    /// <summary>The provider did not take the code of this sign-in, or this node as its client.</summary>
    Exchange,

    /// <summary>The sign-in is not known here, was used, took too long, or was begun by another browser.</summary>
    State,

    /// <summary>As many sign-ins are going on as can.</summary>
    Busy,

    /// <summary>The identity token is none.</summary>
    Malformed,

    /// <summary>It is not signed, or by an algorithm that is not taken.</summary>
    Algorithm,

    /// <summary>It is signed by a key that the provider does not publish.</summary>
    UnknownKey,

    /// <summary>Its signature is not valid.</summary>
    Signature,

    /// <summary>It, or the provider's own description, is of another issuer.</summary>
    Issuer,

    /// <summary>It is for another client.</summary>
    Audience,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Its time has not begun.</summary>
    NotYetValid,

    /// <summary>It was made for another sign-in, or for none.</summary>
    Nonce,

    /// <summary>It and the access token, or what the provider tells of the person, do not belong together.</summary>
    Subject,

    /// <summary>The provider tells no name, or one that can't be used here.</summary>
    Name,

    /// <summary>Somebody else has this name here.</summary>
    NameTaken,

    /// <summary>Nothing that the provider says of the person is mapped to a role.</summary>
    NoRole,

    /// <summary>An admin keeps the person out.</summary>
    KeptOut,

    /// <summary>What was asked for can't be done with somebody who signs in through the provider.</summary>
    Person,
}
