"""Who will redeem a coupon."""
