# Ends the script if the version $2 is older than $1, which is installed.
refuse_older()
{
	! dpkg --compare-versions "$2" lt "$1" || {
		cat >&2 <<-END
		$DPKG_MAINTSCRIPT_PACKAGE: $1 is installed, and $2 is older. An older keeper may
		refuse records that a newer one wrote: then nobody could log in. Nothing
		is changed. If you need the older version nevertheless:
		  tfa-admin setup --remove --keep
		  apt-get remove tfa libpam-tfa
		Then install it, put the backup back that you made when you had it, and
		run "tfa-admin setup".
		END
		exit 1
	}
}
