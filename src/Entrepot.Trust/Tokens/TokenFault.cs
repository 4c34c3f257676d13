namespace Entrepot.Trust.Tokens;

/// <summary>Why a token is refused, or can't be made.</summary>
public enum TokenFault
{
    /// <summary>It is longer than any token of a network.</summary>
    TooLarge,

    /// <summary>It is not three parts of canonical base64url, or header or claims are not the JSON that this network writes.</summary>
    Malformed,

    /// <summary>It is signed by another algorithm than ES256, or not at all.</summary>
    Algorithm,

    /// <summary>It is of another kind than this network's tokens.</summary>
    Type,

    /// <summary>No key of the network has the identifier that it names.</summary>
    UnknownKey,

    /// <summary>The signature is not that of the key that it names.</summary>
    Signature,

    /// <summary>It is of another network.</summary>
    Issuer,

    /// <summary>It is meant for something else.</summary>
    Audience,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Its time has not come.</summary>
    NotYetValid,

    /// <summary>It was revoked.</summary>
    Revoked,

    /// <summary>The name can't be a token's.</summary>
    Name,

    /// <summary>A token of that name is in use.</summary>
    NameTaken,

    /// <summary>It would be good for too long or too short a time.</summary>
    Lifetime,

    /// <summary>Too many mirrors are named.</summary>
    Mirrors,

    /// <summary>There is no such token.</summary>
    NotFound,

    /// <summary>The network has as many tokens as it can have.</summary>
    TooMany,
}
